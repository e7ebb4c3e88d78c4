"""The worker's commands, as a person or a script runs them."""

from collections.abc import Callable
from typing import Any

import pytest

from hemline.errors import GarmentRuleError, HemlineError, RecipeError, StoreError
from hemline.settings import get_settings
from hemline.store.loop.jobs import list_jobs
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.models import champion as find_champion
from hemline.store.models.models import create_version, reject
from hemline.store.models.runs import list_runs
from hemline.store.models.snapshots import take_snapshot
from hemline.store.tables.loop import ModelVersion, Project
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]


def test_models_promote_and_rollback(
    services: Services, project: Project, champion: ModelVersion, run: Callable[..., str]
) -> None:
    with services.store.session() as session:
        second = create_version(
            session,
            project.id,
            recipe={"name": "small"},
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
            parent_id=champion.id,
        )
    listing = run("models").splitlines()
    assert [line.split("\t")[:4] for line in listing[1:3]] == [
        ["hemline-7-v1", "champion", "small", ""],
        ["hemline-7-v2", "candidate", "small", "hemline-7-v1"],
    ]
    assert "hemline-7-v2 is champion" in run("promote", "v2")
    with services.store.reading() as session:
        now = find_champion(session, project.id)
        assert now is not None
        assert now.id == second.id
        assert len(list_jobs(session)) == 1
    assert "hemline-7-v1 is champion" in run("rollback", "7")
    with services.store.reading() as session:
        now = find_champion(session, project.id)
    assert now is not None
    assert now.id == champion.id


def test_status_says_which_version_waits_for_a_person(
    services: Services,
    project: Project,
    champion: ModelVersion,
    run: Callable[..., str],
) -> None:
    assert "waits for a person" not in run("status")
    with services.store.session() as session:
        candidate = create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
        )
        record_evaluation(
            session,
            model_version_id=candidate.id,
            champion_id=champion.id,
            snapshot_id=take_snapshot(session, services.artifacts, project.id, ["garment"]).id,
            promoted=False,
            decision="",
            figures={"lost": ["bag"]},
        )
        reject(session, candidate.id)
    assert (
        "Project 7: hemline-7-v2 waits for a person: it is better than the champion in the mean, "
        "but loses 'bag'. `hemline promote hemline-7-v2` makes it champion." in run("status")
    )
    run("promote", "hemline-7-v2")
    assert "waits for a person" not in run("status")


def test_an_unknown_version_or_project_is_one_sentence(
    champion: ModelVersion, run: Callable[..., str]
) -> None:
    with pytest.raises(StoreError, match="unknown model 'v9'"):
        run("promote", "v9")
    with pytest.raises(StoreError, match="project 8 is not known"):
        run("promote", "hemline-8-v1")
    with pytest.raises(StoreError, match="no earlier champion"):
        run("rollback", "7")


def test_retrain_says_what_it_did_or_why_not(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    champion: ModelVersion,
    run: Callable[..., str],
) -> None:
    assert "no corrections to train on" in run("retrain", "7")
    for number in range(1, 12):
        saved = fake.annotate(number, brush(disc(number - 1)[1]))
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    said = run("status")
    # 11 photos of 6 garments: four of those are gold, and the next is.
    assert "4 of at least 5\t0 labels" in said
    assert "Project 7: 1 more gold garment is needed to judge a model." in said
    assert "Correct a photo of one more garment" in said
    answer = run("retrain", "7")
    assert "gold garments" in answer
    assert answer.endswith("exit 1")
    for number in range(12, 23):
        saved = fake.annotate(number, brush(disc(number - 1)[1]))
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    with services.store.reading() as session:
        assert len(list_runs(session)) == 1
    assert "run 1 is already queued" in run("retrain", "7")
    assert "22 of 12" not in run("status")
    assert "0 of 12 for the next training" in run("status")
    assert "needed to judge" not in run("status")


def test_failed_deliveries_are_listed_and_tried_again(
    services: Services, project: Project, deliver: Deliver, run: Callable[..., str]
) -> None:
    deliver({"action": "ANNOTATION_CREATED", "annotation": {}, "project": {"id": 7}})
    ingest_deliveries(services)
    assert "ANNOTATION_CREATED\t7\t1" in run("deliveries", "--failed")
    assert "1 deliveries will be retried" in run("deliveries", "--retry")
    assert "new\t1" in run("deliveries")


def test_marked_tasks_are_listed(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, run: Callable[..., str]
) -> None:
    assert "No task is marked" in run("problems")
    regions = brush(disc(0)[1], label="shoe")
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(4, regions)))
    ingest_deliveries(services)
    assert "7\t4\tannotation 101" in run("problems")
    assert "7\t4\tannotation 101" in run("problems", "--project", "7")


def test_a_recipe_that_does_not_exist_is_named_before_anything_starts(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMLINE_RECIPE", "hemlin")
    get_settings.cache_clear()
    try:
        with pytest.raises(RecipeError, match="'hemlin'"):
            run("worker", "--queues", "train")
    finally:
        get_settings.cache_clear()


def test_a_queue_that_does_not_exist_is_named(run: Callable[..., str]) -> None:
    with pytest.raises(HemlineError, match="unknown queue 'trian'"):
        run("worker", "--queues", "trian")


def test_garments_are_shown_and_set(
    services: Services, project: Project, run: Callable[..., str]
) -> None:
    with services.store.session() as session:
        for number in range(1, 5):
            upsert_task(
                session,
                project.id,
                ls_task_id=number,
                garment=f"x{number}",
                view="",
                image_url=f"s3://b/look{number % 2}~{number}.jpg",
                data={"sku": number // 3},
            )
    pattern = r"(?P<garment>look\d)~"
    answer = run("garments", "7", "--pattern", pattern)
    assert "2 garments of 4 photos, by the pattern" in answer
    assert "Nothing has changed yet" in answer
    assert "4 of 4 photos, by an earlier rule" in run("status")
    assert "Done" in run("garments", "7", "--pattern", pattern, "--apply")
    assert f"2 of 4 photos, by the pattern {pattern}" in run("status")
    answer = run("garments", "7", "--field", "sku", "--apply")
    assert "2 garments of 4 photos, by the field 'sku'" in answer
    with pytest.raises(GarmentRuleError, match="has no group named garment"):
        run("garments", "7", "--pattern", r"(\d+)")
    with pytest.raises(GarmentRuleError, match="cannot be combined"):
        run("garments", "7", "--pattern", pattern, "--auto")
