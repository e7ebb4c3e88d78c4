"""Damaged and missing artifacts are found, named, and made again where that can be."""

from collections.abc import Callable
from typing import Any

import pytest

from hemline.errors import ArtifactError
from hemline.segmentation.mapped_starter import mapped_starter
from hemline.segmentation.starter import starter_path
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.jobs import active_job, queue_job
from hemline.store.loop.predictions import find_prediction
from hemline.store.loop.tasks import get_task
from hemline.store.models.models import create_version, promote
from hemline.store.models.snapshots import take_snapshot
from hemline.store.reports.artifacts_in_use import ArtifactKind
from hemline.store.states import JobKind
from hemline.store.tables.loop import Annotation, Conversion, ModelVersion, Prediction, Project
from hemline.store.tables.review import PredictionSignals
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_project
from worker.pool.predict_pool import predict_pool
from worker.services import Services
from worker.verify import find_damage

Deliver = Callable[[dict[str, Any]], None]


@pytest.fixture
def filled(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
) -> Project:
    """A project with pre-fills, and a correction of task 5."""
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(5, brush(disc(4)[1]))))
    ingest_deliveries(services)
    reconcile_project(services, project)
    with services.store.session() as session:
        job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    predict_pool(services, job.id)
    return project


def damage(services: Services, digest: str) -> None:
    """Flips a bit in the middle."""
    path = services.artifacts.local_path(digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def kinds(services: Services) -> list[ArtifactKind | None]:
    return [each.use.kind if each.use else None for each in find_damage(services)]


def prediction_of(services: Services, project: Project, number: int) -> Prediction:
    with services.store.reading() as session:
        task = get_task(session, project.id, number)
        assert task is not None
        version = session.query(ModelVersion).one()
        found = find_prediction(session, task.id, version.id)
    assert found is not None
    return found


def correction(services: Services, project: Project) -> Annotation:
    with services.store.reading() as session:
        found = session.query(Annotation).one()
        assert find_annotation(session, project.id, found.ls_annotation_id) is not None
    return found


def test_a_whole_store_is_said_to_be(services: Services, filled: Project, run: Any) -> None:
    assert kinds(services) == []
    assert run("verify") == "All artifacts are there and whole.\nexit 0"


def test_what_can_be_made_again_is(services: Services, filled: Project, run: Any) -> None:
    prefill = prediction_of(services, filled, 3).mask_digest
    digest = correction(services, filled).mask_digest
    assert digest is not None
    damage(services, digest)
    services.artifacts.remove(prefill)
    assert {ArtifactKind.PREFILL, ArtifactKind.CORRECTION} <= set(kinds(services))
    told = run("verify")
    assert "project 7, task 3" in told
    assert "project 7, annotation" in told
    assert "missing" in told
    assert "damaged" in told
    assert "hemline verify --repair" in told
    assert told.endswith("exit 1")
    assert run("verify", "--repair").endswith("exit 0")
    assert kinds(services) == []
    services.artifacts.get(prediction_of(services, filled, 3).mask_digest)
    services.artifacts.get(digest)


def test_what_cannot_be_made_again_is_named_with_the_way_out(
    services: Services, filled: Project, champion: ModelVersion, run: Any
) -> None:
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, filled.id, ["garment"])
    for digest in (champion.weights_digest, snapshot.digest):
        damage(services, digest)
    told = run("verify", "--repair")
    assert told.count("restore it from a backup") == 2
    assert "weights" in told
    assert "manifest of a snapshot" in told
    assert "hemline rollback" in told
    assert told.endswith("exit 1")


def test_the_starter_comes_from_the_package(services: Services, project: Project) -> None:
    digest = services.artifacts.put(starter_path().read_bytes(), "weights")
    with services.store.session() as session:
        create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest=digest,
            code_version="0",
        )
    damage(services, digest)
    assert kinds(services) == [ArtifactKind.WEIGHTS]
    services.artifacts.put(starter_path().read_bytes(), "weights")
    assert kinds(services) == []


def test_a_starter_of_several_labels_comes_from_what_its_labels_mean(
    services: Services, project: Project, run: Any
) -> None:
    """Also one that is champion no longer, and whose project's labels mean something else now."""
    classes = {"zipper": (), "top": ("top", "scarf"), "trousers": ("trousers",)}
    digest = services.artifacts.put(mapped_starter(classes), "weights")
    with services.store.session() as session:
        create_version(
            session,
            project.id,
            recipe={},
            labels=[*classes],
            label_classes=classes,
            weights_digest=digest,
            code_version="0",
        )
    damage(services, digest)
    assert kinds(services) == [ArtifactKind.WEIGHTS]
    assert run("verify", "--repair").endswith("exit 0")
    assert kinds(services) == []


def test_a_damaged_file_that_nothing_needs_is_removed(
    services: Services, project: Project, run: Any
) -> None:
    digest = services.artifacts.put(b"nobody's", "mask")
    damage(services, digest)
    assert kinds(services) == [None]
    assert run("verify", "--repair").endswith("exit 0")
    assert not services.artifacts.exists(digest)


@pytest.mark.parametrize("listed", [7, "none", [7], {"id": 1}])
def test_an_odd_answer_of_label_studio_keeps_nothing_else_from_its_repair(
    services: Services,
    fake: FakeLabelStudio,
    filled: Project,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    listed: Any,
) -> None:
    digest = correction(services, filled).mask_digest
    assert digest is not None
    nobodys = services.artifacts.put(b"nobody's", "mask")
    damage(services, digest)
    damage(services, nobodys)
    whole = fake.full_task
    monkeypatch.setattr(fake, "full_task", lambda number: whole(number) | {"annotations": listed})
    told = run("verify", "--repair")
    assert "which Label Studio does not send" in " ".join(told.split())
    assert told.endswith("exit 1")
    assert kinds(services) == [ArtifactKind.CORRECTION]


def test_what_nobody_foresaw_is_a_sentence_and_the_rest_goes_on(
    services: Services, filled: Project, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = correction(services, filled).mask_digest
    assert digest is not None
    nobodys = services.artifacts.put(b"nobody's", "mask")
    damage(services, digest)
    damage(services, nobodys)

    def breaks(*_: Any) -> None:
        raise RuntimeError("password=c4nary")

    monkeypatch.setattr("worker.verify.record_submitted", breaks)
    told = " ".join(run("verify", "--repair").split())
    assert "it cannot be made again (RuntimeError: password=***" in told
    assert told.endswith("exit 1")
    assert kinds(services) == [ArtifactKind.CORRECTION]


def starter(services: Services, project: Project) -> ModelVersion:
    digest = services.artifacts.put(starter_path().read_bytes(), "weights")
    with services.store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest=digest,
            code_version="0",
        )
        return promote(session, version.id)


def every_kind(services: Services, project: Project) -> dict[ArtifactKind, str]:
    """An artifact of each kind that can be made again: what they are named by."""
    put = services.artifacts.put
    label = correction(services, project)
    ranking = put(b"a ranking", "ranking")
    converted = put(b"a network for another runtime", "converted network")
    covered = put(b"covered parts", "mask")
    with services.store.session() as session:
        session.get_one(Project, project.id).ranking_digest = ranking
        session.get_one(Annotation, label.id).covered_digest = covered
        session.add(
            Conversion(weights_digest="a" * 64, precision="fp32", made_by="test", digest=converted)
        )
        prediction = session.query(Prediction).join(Prediction.task).filter_by(ls_task_id=3).one()
        signals = session.get(PredictionSignals, prediction.id)
        weights = session.query(ModelVersion).one().weights_digest
    assert signals is not None
    assert signals.map_digest is not None
    assert label.mask_digest is not None
    return {
        ArtifactKind.PREFILL: prediction.mask_digest,
        ArtifactKind.PROBABILITIES: signals.map_digest,
        ArtifactKind.CORRECTION: label.mask_digest,
        ArtifactKind.COVERED: covered,
        ArtifactKind.WEIGHTS: weights,
        ArtifactKind.RANKING: ranking,
        ArtifactKind.CONVERSION: converted,
    }


def test_one_run_repairs_every_kind(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    run: Any,
) -> None:
    """Also where the weights that pre-fills are predicted with are damaged themselves."""
    for number in set(fake.tasks) - {3, 5}:
        del fake.tasks[number]
    starter(services, project)
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(5, brush(disc(4)[1]))))
    ingest_deliveries(services)
    reconcile_project(services, project)
    with services.store.session() as session:
        job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    predict_pool(services, job.id)
    damaged = every_kind(services, project)
    assert set(damaged) == set(ArtifactKind) - {ArtifactKind.SNAPSHOT, ArtifactKind.JUDGED}
    for digest in damaged.values():
        damage(services, digest)
    assert set(kinds(services)) == set(damaged)
    told = run("verify", "--repair")
    assert told.endswith("exit 0"), told
    assert kinds(services) == []
    for kind in (ArtifactKind.PREFILL, ArtifactKind.PROBABILITIES, ArtifactKind.WEIGHTS):
        services.artifacts.get(damaged[kind])
    with services.store.reading() as session:
        assert active_job(session, project.id, JobKind.RANK) is not None


def test_saving_the_correction_again_repairs_it(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, filled: Project
) -> None:
    digest = correction(services, filled).mask_digest
    assert digest is not None
    damage(services, digest)
    with pytest.raises(ArtifactError, match="hemline verify --repair"):
        services.artifacts.get(digest)
    saved = fake.annotate(5, brush(disc(4)[1]))
    deliver(fake.payload("ANNOTATION_UPDATED", saved))
    ingest_deliveries(services)
    services.artifacts.get(digest)


def test_a_damaged_conversion_is_forgotten_so_that_it_is_made_again(
    services: Services, project: Project, run: Any
) -> None:
    digest = services.artifacts.put(b"a network for another runtime", "converted network")
    with services.store.session() as session:
        session.add(
            Conversion(weights_digest="a" * 64, precision="fp32", made_by="test", digest=digest)
        )
    assert kinds(services) == []
    damage(services, digest)
    assert kinds(services) == [ArtifactKind.CONVERSION]
    assert run("verify", "--repair").endswith("exit 0")
    assert kinds(services) == []
    with services.store.reading() as session:
        assert session.query(Conversion).all() == []
