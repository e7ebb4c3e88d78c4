"""A candidate in shadow whose masks are made up, and people who correct what the champion drew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import update

from hemline.images import content_digest
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.store.loop.tasks import get_task
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.models import create_version
from hemline.store.models.snapshots import take_snapshot
from hemline.store.shadow.shadows import begin_shadow, running_shadow
from hemline.store.tables.loop import Evaluation, ModelVersion, Prediction, Project
from hemline.store.tables.shadows import Shadow
from tests.worker.conftest import brush, show_prefill
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services

Mask = NDArray[np.uint8]


def half(number: int) -> Mask:
    """A disc without its upper half: what the champion draws."""
    mask = disc(number)[1].copy()
    mask[: int(np.flatnonzero(mask.any(axis=1)).mean())] = 0
    return mask


@dataclass
class _Seen:
    mask: Mask


@dataclass
class _Examined:
    prediction: _Seen


@dataclass
class Candidate:
    """A network that draws what is bright, or nothing."""

    sees: bool = True
    photos: int = 0  # that it has predicted

    def least_size(self, height: int, width: int) -> tuple[int, int]:
        return height, width

    def examine(self, image: NDArray[np.uint8], *, size: tuple[int, int]) -> _Examined:
        assert image.shape[:2] == size
        self.photos += 1
        bright = (image.min(axis=2) > 100).astype(np.uint8)
        return _Examined(_Seen(bright if self.sees else np.zeros_like(bright)))


@pytest.fixture
def candidate(monkeypatch: pytest.MonkeyPatch) -> Candidate:
    network = Candidate()

    def load(self: Prefiller, version: ModelVersion, *, before_photos: Any) -> LoadedModel:
        before_photos()
        return LoadedModel(version.id, version.name, tuple(version.labels), network)  # type: ignore[arg-type]

    monkeypatch.setattr(Prefiller, "prepare", lambda self, version: None)
    monkeypatch.setattr(Prefiller, "load", load)
    return network


class People:
    """Who correct tasks, each to the mask that is asked for."""

    def __init__(
        self,
        services: Services,
        fake: FakeLabelStudio,
        project: Project,
        champion: ModelVersion,
        deliver: Callable[[dict[str, Any]], None],
    ) -> None:
        self._services, self._fake, self._deliver = services, fake, deliver
        self._project, self._champion = project, champion

    def correct(self, *tasks: int, untouched: bool = False, blank: bool = False) -> None:
        """To the true mask, from the champion's pre-fill, of which task n shows disc n - 1.

        untouched: they leave it as it is; blank: it was kept back, and they draw from nothing.
        """
        for number in tasks:
            shown = half(number - 1)
            show_prefill(
                self._services,
                self._fake,
                self._project,
                self._champion,
                number,
                shown,
                score=0.5,
                image_digest=content_digest(list(self._fake.files.values())[number - 1]),
            )
            if blank:
                self._keep_back(number)
            mask = shown if untouched else disc(number - 1)[1]
            saved = self._fake.annotate(number, brush(mask))
            self._deliver(self._fake.payload("ANNOTATION_CREATED", saved))
        ingest_deliveries(self._services)

    def _keep_back(self, number: int) -> None:
        with self._services.store.session() as session:
            task = get_task(session, self._project.id, number)
            assert task is not None
            session.execute(
                update(Prediction)
                .where(Prediction.task_id == task.id)
                .values(left_blank=True, sent_at=None)
            )


@pytest.fixture
def people(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    deliver: Callable[[dict[str, Any]], None],
) -> People:
    return People(services, fake, project, champion, deliver)


@pytest.fixture
def shadow(
    services: Services,
    project: Project,
    champion: ModelVersion,
    people: People,
    candidate: Candidate,
) -> Shadow:
    """Of a candidate that was trained on one photo each of two garments, to be decided after five
    others. Tasks 2 and 4 show those garments too; from 5 on there are two views of each."""
    people.correct(1, 3)
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
            parent_id=champion.id,
            snapshot_id=snapshot.id,
        )
        evaluation = record_evaluation(
            session,
            model_version_id=version.id,
            champion_id=champion.id,
            snapshot_id=snapshot.id,
            promoted=False,
            decision="in shadow",
            figures={"measured": "Dice +0.0100 on 5 gold garments"},
        )
        begin_shadow(session, evaluation, garments=5)
        found = running_shadow(session, project.id)
    assert found is not None
    return found


def evaluation_of(services: Services, shadow: Shadow) -> Evaluation:
    with services.store.reading() as session:
        return session.get_one(Evaluation, shadow.evaluation_id)
