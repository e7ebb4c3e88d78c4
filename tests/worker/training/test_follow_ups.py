"""Bags and specialists after a promotion: when one is queued, on what, and what it leaves alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from hemline.errors import HemlineError, RecipeError, StoreUnavailable
from hemline.labelstudio.project.config import render_label_config
from hemline.segmentation.recipe.recipe import load_recipe, parse_recipe
from hemline.settings import Settings
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.corrections import refresh_labelled
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.models import create_version, promote, reject
from hemline.store.models.runs import fail_run, get_run
from hemline.store.states import JobKind, RunState, RunTrigger, Split
from hemline.store.tables.loop import ModelVersion, Project, TrainingRun
from worker import tasks
from worker.services import Services
from worker.training import triggers
from worker.training.follow_ups import follow_up, follow_up_after, request_follow_up
from worker.training.run_recipe import recipe_of_run
from worker.training.triggers import readiness, request_training, train_on_corrections

GOLD, TRAIN, VALIDATION = Split.GOLD, Split.TRAIN, Split.VALIDATION
# 5 gold garments, 6 that train and 5 that are held back: enough for a bag of 3 to 5, and for
# specialists of coats
_GARMENTS = [(GOLD, "coat")] * 5 + [(TRAIN, "coat")] * 4 + [(TRAIN, "dress")] * 2
_GARMENTS += [(VALIDATION, "coat")] * 4 + [(VALIDATION, "dress")]


def switch_on(services: Services, **changes: int | bool) -> Services:
    return replace(services, settings=services.settings.model_copy(update=changes))


def correct(
    services: Services, project: Project, garments: Sequence[tuple[Split, str]], *, first: int = 1
) -> None:
    """A photo of each garment is corrected."""
    with services.store.session() as session:
        for number, (split, garment_type) in enumerate(garments, start=first):
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=str(number),
                garment=f"g{number}",
                view="Front",
                garment_type=garment_type,
            )
            task.split = split
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number,
                mask_digest=f"{number:064x}",
            )
            refresh_labelled(session, [task.id])


def end(
    services: Services,
    run_id: int,
    *,
    promoted: bool,
    recipe: dict[str, object] | None = None,
) -> ModelVersion:
    """The run has ended with a version on its snapshot, which was judged."""
    with services.store.session() as session:
        run = get_run(session, run_id)
        version = create_version(
            session,
            run.project_id,
            recipe=recipe or {},
            labels=["garment"],
            weights_digest="a" * 64,
            code_version="test",
            snapshot_id=run.snapshot_id,
        )
        record_evaluation(
            session,
            model_version_id=version.id,
            champion_id=None,
            snapshot_id=run.snapshot_id,
            promoted=promoted,
            decision="",
            figures={},
        )
        session.execute(
            update(TrainingRun)
            .where(TrainingRun.id == run_id)
            .values(state=RunState.SUCCEEDED, model_version_id=version.id)
        )
        return promote(session, version.id) if promoted else reject(session, version.id)


def of(services: Services, run_id: int) -> TrainingRun:
    with services.store.reading() as session:
        return get_run(session, run_id)


def due(services: Services) -> TrainingRun | None:
    request = follow_up(services, 7)
    if request is None:
        return None
    assert request.run_id is not None
    return of(services, request.run_id)


def on_corrections(services: Services, *, recipe: dict[str, object] | None = None) -> ModelVersion:
    """A champion that a training on all corrections made."""
    request = request_training(services, 7, RunTrigger.COMMAND)
    assert request.run_id is not None, request.sentence
    return end(services, request.run_id, promoted=True, recipe=recipe)


@pytest.fixture
def trained(services: Services, project: Project) -> ModelVersion:
    correct(services, project, _GARMENTS)
    return on_corrections(services)


def test_none_follows_by_itself_unless_it_is_switched_on(
    services: Services, trained: ModelVersion
) -> None:
    assert due(services) is None


def test_one_of_each_follows_a_promotion_on_what_the_champion_was_trained_on(
    services: Services, project: Project, trained: ModelVersion
) -> None:
    both = switch_on(services, bagging=3, specialists=4)
    correct(services, project, [(TRAIN, "coat")] * 2, first=101)
    for trigger in (RunTrigger.BAGGING, RunTrigger.SPECIALISTS):
        run = due(both)
        assert run is not None
        assert (run.trigger, run.state) == (trigger, RunState.QUEUED)
        assert run.snapshot_id == trained.snapshot_id
        assert due(both) is None  # another run waits
        end(services, run.id, promoted=False)
    assert due(both) is None
    on_corrections(services)
    run = due(both)
    assert run is not None
    assert run.trigger is RunTrigger.BAGGING


def test_it_uses_up_no_correction_and_gives_way_to_a_training_on_new_ones(
    services: Services, project: Project, trained: ModelVersion
) -> None:
    bags = switch_on(services, bagging=3)
    correct(services, project, [(TRAIN, "coat")] * 11, first=101)
    run = due(bags)
    assert run is not None
    assert readiness(bags, project).corrections == 11
    correct(services, project, [(TRAIN, "coat")], first=112)
    assert train_on_corrections(bags, 7) is not None  # the twelfth
    assert of(services, run.id).state is RunState.SUPERSEDED


def test_corrections_that_start_a_training_come_before_it(
    services: Services, project: Project, trained: ModelVersion
) -> None:
    correct(services, project, [(TRAIN, "coat")] * 12, first=101)
    assert due(switch_on(services, bagging=3)) is None


def test_none_comes_while_a_candidate_is_in_shadow(
    services: Services, trained: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    bags = switch_on(services, bagging=3)
    monkeypatch.setattr(triggers, "waits_for_shadow", lambda *_: True)
    assert due(bags) is None
    monkeypatch.undo()
    assert due(bags) is not None


def test_what_has_won_is_not_tried_again_but_gold_may_keep_one_after_three_that_it_did_not(
    services: Services, trained: ModelVersion
) -> None:
    both = switch_on(services, bagging=3, specialists=4)
    run = due(both)
    assert run is not None
    end(services, run.id, promoted=True, recipe={"bagging": {"folds": 3}})
    assert due(both) is None  # nor are specialists: they cannot be a bag's
    for _ in range(3):
        on_corrections(services)
        run = due(both)
        assert run is not None
        end(services, run.id, promoted=False)
    on_corrections(services)
    run = due(both)
    assert run is not None
    assert run.trigger is RunTrigger.SPECIALISTS


def asked(services: Services, trigger: RunTrigger) -> str:
    request = request_follow_up(services, 7, trigger)
    assert request.run_id is None
    return request.sentence


def test_what_stands_in_the_way_is_named(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    bagging, specialists = RunTrigger.BAGGING, RunTrigger.SPECIALISTS
    assert "no corrections to train on yet" in asked(services, bagging)
    correct(services, project, [*_GARMENTS[:5], *_GARMENTS[5:8]])
    assert "no model yet that was trained on corrections" in asked(services, bagging)
    on_corrections(services)
    assert "a bag of 5 takes 10 garments and there are 3" in asked(services, bagging)
    assert "name 1 garment types" in asked(services, specialists)
    correct(services, project, _GARMENTS)
    on_corrections(services)
    fewer = switch_on(services, specialists=5)
    assert "no garment type has 5 garments to train on" in asked(fewer, specialists)
    assert "'coat' has 4 and 4" in asked(fewer, specialists)
    with services.store.session() as session:
        labels = render_label_config(["shirt"])
        session.execute(update(Project).values(label_config=labels))
    assert "was trained on other labels" in asked(services, bagging)
    assert "not known" in request_follow_up(services, 8, bagging).sentence


def test_too_few_photos_held_back_of_a_type_start_no_specialists(
    services: Services, project: Project
) -> None:
    correct(services, project, [each for each in _GARMENTS if each != (VALIDATION, "coat")])
    on_corrections(services)
    assert due(switch_on(services, specialists=4)) is None


@pytest.mark.parametrize(
    ("part", "trigger", "words"),
    [
        ("[bagging]\nfolds = 2\n", RunTrigger.BAGGING, "is of several networks already"),
        ("[specialists]\nleast = 4\n", RunTrigger.BAGGING, "is of several networks already"),
        ("[second_pass]\ndilate = 4\n", RunTrigger.SPECIALISTS, "has a second pass"),
    ],
)
def test_a_recipe_that_has_several_networks_itself_has_no_follow_up(
    services: Services, trained: ModelVersion, part: str, trigger: RunTrigger, words: str
) -> None:
    path = Path(services.settings.recipe)
    path.write_text(path.read_text(encoding="utf-8") + part, encoding="utf-8")
    assert words in asked(switch_on(services, bagging=3, specialists=4), trigger)


def test_a_person_can_ask_whatever_the_settings(
    services: Services, trained: ModelVersion, run: Callable[..., str]
) -> None:
    assert "is queued on 5 gold, 6 train, 5 validation photos" in run("retrain", "7", "--bagging")
    assert "is already queued" in run("retrain", "7", "--specialists")
    with services.store.session() as session:
        assert fail_run(session, 2, None, "given up")
    assert "no garment type has 30 garments" in run("retrain", "7", "--specialists")
    with pytest.raises(HemlineError, match="choose one of --pseudo-labels"):
        run("retrain", "7", "--specialists", "--pseudo-labels")


def test_the_next_one_is_queued_when_a_run_ends_that_promoted_nothing(
    services: Services, project: Project, trained: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = switch_on(services, bagging=3, specialists=4)
    monkeypatch.setattr(tasks, "get_services", lambda: both)
    run = due(both)
    assert run is not None
    end(services, run.id, promoted=False)
    with services.store.session() as session:
        job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    tasks.train(run.id)  # it is over; the pool is being predicted
    assert due(services) is None
    with services.store.session() as session:
        session.delete(session.get_one(type(job), job.id))
    tasks.train(run.id)
    with services.store.reading() as session:
        last = get_run(session, run.id + 1)
    assert (last.trigger, last.state) == (RunTrigger.SPECIALISTS, RunState.QUEUED)


def test_a_run_has_ended_whatever_comes_of_the_next_one(
    services: Services, trained: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[Exception] = [RuntimeError("no"), StoreUnavailable("away", retry_after_s=1)]

    def fail(services: Services, ls_project_id: int) -> None:
        raise troubles.pop(0)

    monkeypatch.setattr("worker.training.follow_ups.follow_up", fail)
    follow_up_after(services, 1)
    with pytest.raises(StoreUnavailable):  # the task comes back when it is there again
        follow_up_after(services, 1)


def parent(recipe: dict[str, object]) -> ModelVersion:
    return ModelVersion(recipe=recipe)


def test_what_has_won_stays_while_the_setting_is_on(settings: Settings) -> None:
    recipe = load_recipe(settings.recipe)
    bags = settings.model_copy(update={"bagging": 3})
    types = settings.model_copy(update={"specialists": 7})
    bag, special = parent({"bagging": {"folds": 5}}), parent({"specialists": {"least": 4}})
    for trigger in (RunTrigger.CORRECTIONS, RunTrigger.PSEUDO_LABELS):
        for given in (settings, bags, types):
            assert recipe_of_run(recipe, trigger, None, given) == recipe
            assert recipe_of_run(recipe, trigger, parent({}), given) == recipe
        assert recipe_of_run(recipe, trigger, bag, settings) == recipe
        assert recipe_of_run(recipe, trigger, special, bags) == recipe
        kept = recipe_of_run(recipe, trigger, bag, bags).bagging
        assert kept is not None
        assert kept.folds == 3
        least = recipe_of_run(recipe, trigger, special, types).specialists
        assert least is not None
        assert least.least == 7


def test_a_follow_up_has_its_networks_and_a_recipe_its_own(settings: Settings) -> None:
    recipe = load_recipe(settings.recipe)
    for given, folds in ((settings, 5), (settings.model_copy(update={"bagging": 3}), 3)):
        found = recipe_of_run(recipe, RunTrigger.BAGGING, parent({}), given).bagging
        assert found is not None
        assert found.folds == folds
    found_least = recipe_of_run(recipe, RunTrigger.SPECIALISTS, parent({}), settings).specialists
    assert found_least is not None
    assert found_least.least == 30
    values = recipe.model_dump(mode="json")
    own = parse_recipe({**values, "bagging": {"folds": 2}}, source="own")
    assert recipe_of_run(own, RunTrigger.SPECIALISTS, parent({}), settings) == own
    double = parse_recipe({**values, "second_pass": {"dilate": 4}}, source="double")
    with pytest.raises(RecipeError, match="specialists are copies of one network"):
        recipe_of_run(double, RunTrigger.SPECIALISTS, parent({}), settings)
    types = settings.model_copy(update={"specialists": 7})
    won = parent({"specialists": {"least": 4}})
    assert recipe_of_run(double, RunTrigger.CORRECTIONS, won, types) == double
