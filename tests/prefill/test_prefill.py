"""A task gets its prediction: the network runs once a photo, and what goes wrong is marked."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from hemline.errors import HemlineError, LabelStudioUnavailable, PhotoUnavailable
from hemline.labelstudio.photos.photos import Photo
from hemline.labelstudio.project.config import LabelConfig, parse_label_config, render_label_config
from hemline.labelstudio.regions import regions_to_mask
from hemline.prefill.left_blank import is_drawn, set_blank_share
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import claim_send, unsent_predictions
from hemline.store.loop.projects import get_project, upsert_project
from hemline.store.loop.tasks import get_task
from hemline.store.models.models import champion
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import TaskProblem
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import draw_scene

WIDTH, HEIGHT = 160, 240
GARMENT = parse_label_config(render_label_config(["garment"]))


def drawn_photo() -> bytes:
    """A mannequin in a dress or the like, as a PNG."""
    scene = draw_scene(3, view="Front", height=HEIGHT, width=WIDTH, kind=FigureKind.MANNEQUIN)
    file = BytesIO()
    Image.fromarray(scene.image).save(file, "PNG")
    return file.getvalue()


class Photos:
    """Hands out `data`, or raises it; counts how often it was asked."""

    def __init__(self) -> None:
        self.data: bytes | HemlineError = drawn_photo()
        self.fetched = 0

    def fetch(self, url: str, *, task_id: int | None = None) -> Photo:
        self.fetched += 1
        if isinstance(self.data, HemlineError):
            raise self.data
        return Photo(self.data, sha256(self.data).hexdigest(), url)


class Room:
    """A project with the starter, and the prefiller of its tasks."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(f"sqlite:///{folder / 'hemline.db'}")
        self.store.upgrade()
        self.photos = Photos()
        artifacts = ArtifactStore(str(folder / "artifacts"))
        settings = Settings(home=folder, device="cpu", predict_threads=1)
        self.prefiller = Prefiller(self.store, artifacts, self.photos, settings)
        with self.store.session() as session:
            self.project = upsert_project(session, ls_project_id=7, title="Dresses").id
        self.prefiller.ensure_starter(self.project, GARMENT)

    def model(self) -> LoadedModel:
        with self.store.reading() as session:
            version = champion(session, self.project)
        assert version is not None
        return self.prefiller.load(version)

    def problems(self, number: int) -> dict[ProblemSource, str]:
        with self.store.reading() as session:
            task = get_task(session, self.project, number)
            assert task is not None
            rows = session.scalars(select(TaskProblem).where(TaskProblem.task_id == task.id))
            return {row.source: row.problem for row in rows}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def task(number: int) -> dict[str, object]:
    return {"id": number, "data": {"image": f"/data/upload/7/dress{number}_Front.png"}}


def test_a_task_is_predicted_once_and_answered_from_the_store_then(room: Room) -> None:
    model = room.model()
    first = room.prefiller.predict_task(model, room.project, GARMENT, task(1))
    again = room.prefiller.predict_task(model, room.project, GARMENT, task(1))
    assert first.fresh
    assert not again.fresh
    assert again.result == first.result
    assert (again.score, again.model_version) == (first.score, "hemline-7-v1")
    assert room.photos.fetched == 1
    assert 0 <= first.score <= 1
    mask = regions_to_mask(
        first.result, config=GARMENT, labels=["garment"], height=HEIGHT, width=WIDTH
    )
    assert mask.shape == (HEIGHT, WIDTH)


def test_labels_that_the_starter_knows_are_pre_filled_and_no_others(room: Room) -> None:
    labels = ["zipper", "clothing", "bag"]
    outfit = parse_label_config(render_label_config(labels))
    parts = parse_label_config(render_label_config(["collar", "zipper"]))
    with room.store.session() as session:
        other = upsert_project(session, ls_project_id=8, title="Outfits").id
        third = upsert_project(session, ls_project_id=9, title="Parts").id
    room.prefiller.ensure_starter(other, outfit)
    room.prefiller.ensure_starter(third, parts)
    with room.store.reading() as session:
        assert champion(session, third) is None
        version = champion(session, other)
    assert version is not None
    room.prefiller.prepare(version)
    filled = room.prefiller.predict_task(room.prefiller.load(version), other, outfit, task(1))
    drawn = {region["value"]["brushlabels"][0] for region in filled.result}
    assert "clothing" in drawn
    assert "zipper" not in drawn
    assert filled.model_version == "hemline-8-v1"


def test_a_sole_label_that_was_renamed_since_is_answered_under_its_new_name(room: Room) -> None:
    renamed: LabelConfig = parse_label_config(render_label_config(["dress"]))
    model = room.model()
    before = room.prefiller.predict_task(model, room.project, GARMENT, task(1))
    after = room.prefiller.predict_task(model, room.project, renamed, task(1))
    assert [region["value"]["brushlabels"] for region in before.result] == [["garment"]]
    assert [region["value"]["brushlabels"] for region in after.result] == [["dress"]]
    assert after.result[0]["value"]["rle"] == before.result[0]["value"]["rle"]


@pytest.mark.parametrize(
    ("data", "source", "words"),
    [
        (b"no photo", ProblemSource.PHOTO, "is not a photo that Hemline can read"),
        (PhotoUnavailable("photo x is gone"), ProblemSource.PHOTO, "photo x is gone"),
    ],
)
def test_a_photo_that_cannot_be_had_marks_its_task_until_it_can(
    room: Room, data: bytes | HemlineError, source: ProblemSource, words: str
) -> None:
    good, room.photos.data = room.photos.data, data
    model = room.model()
    with pytest.raises(HemlineError, match=words):
        room.prefiller.predict_task(model, room.project, GARMENT, task(1))
    ((marked, said),) = room.problems(1).items()
    assert marked is source
    assert words in said
    room.photos.data = good
    assert room.prefiller.predict_task(model, room.project, GARMENT, task(1)).fresh
    assert room.problems(1) == {}


def test_a_task_without_an_address_says_what_it_needs(room: Room) -> None:
    with pytest.raises(HemlineError, match="its data needs 'image'"):
        room.prefiller.predict_task(room.model(), room.project, GARMENT, {"id": 1, "data": {}})
    assert list(room.problems(1)) == [ProblemSource.TASK]


def test_label_studio_being_away_is_no_fault_of_the_task(room: Room) -> None:
    room.photos.data = LabelStudioUnavailable("Label Studio is not available")
    with pytest.raises(LabelStudioUnavailable):
        room.prefiller.predict_task(room.model(), room.project, GARMENT, task(1))
    assert room.problems(1) == {}


def leave_blank(room: Room, share: float) -> None:
    with room.store.session() as session:
        project = get_project(session, 7)
        assert project is not None
        set_blank_share(session, project, share)


def unsent(room: Room, version: int) -> list[int]:
    with room.store.reading() as session:
        rows = unsent_predictions(session, room.project, version, 10)
        return [row.task.ls_task_id for row in rows]


DRAWN = next(number for number in range(1, 100) if is_drawn(7, number, 0.1))
NOT_DRAWN = next(number for number in range(1, 100) if not is_drawn(7, number, 0.5))


def test_a_task_that_is_left_blank_is_predicted_but_not_shown_until_none_is(room: Room) -> None:
    model = room.model()
    leave_blank(room, 0.1)
    kept_back = room.prefiller.predict_task(model, room.project, GARMENT, task(DRAWN))
    shown = room.prefiller.predict_task(model, room.project, GARMENT, task(NOT_DRAWN))
    assert (kept_back.left_blank, shown.left_blank) == (True, False)
    assert room.prefiller.predict_task(model, room.project, GARMENT, task(DRAWN)).left_blank
    assert unsent(room, model.version_id) == [NOT_DRAWN]
    leave_blank(room, 0.0)
    assert unsent(room, model.version_id) == [DRAWN, NOT_DRAWN]
    assert not room.prefiller.predict_task(model, room.project, GARMENT, task(DRAWN)).left_blank


def test_a_task_whose_pre_fill_somebody_may_have_seen_is_not_left_blank(room: Room) -> None:
    model = room.model()
    first = room.prefiller.predict_task(model, room.project, GARMENT, task(DRAWN))
    with room.store.session() as session:
        assert claim_send(session, first.prediction_id, window_s=0)
    leave_blank(room, 0.5)
    image = Image.open(BytesIO(drawn_photo())).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    file = BytesIO()
    image.save(file, "PNG")
    room.photos.data = file.getvalue()
    other = {**task(DRAWN), "data": {"image": "/data/upload/7/other_Front.png"}}
    assert not room.prefiller.predict_task(model, room.project, GARMENT, other).left_blank


def test_tasks_are_drawn_by_their_numbers_alone_and_more_of_them_with_a_larger_share() -> None:
    few, many = ({n for n in range(4000) if is_drawn(7, n, share)} for share in (0.05, 0.2))
    assert few < many
    assert 150 <= len(few) <= 250
    assert few != {n for n in range(4000) if is_drawn(8, n, 0.05)}
    assert not any(is_drawn(7, n, 0.0) for n in range(4000))
