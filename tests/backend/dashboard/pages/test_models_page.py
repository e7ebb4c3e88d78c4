"""The page on models: lineage, figures, what a judgement saw, promotion and roll-back."""

import html
import re
import shutil

import pytest
from sqlalchemy import select, update

from hemline.errors import StoreError
from hemline.store.models.evaluations import evaluations_of, record_evaluation
from hemline.store.models.models import champion, create_version, promote
from hemline.store.people import list_events
from hemline.store.shadow.shadows import begin_shadow
from hemline.store.states import ModelState, Role, RunTrigger
from hemline.store.tables.loop import Job, ModelVersion, TrainingRun
from tests.backend.dashboard.pages.test_pages import text
from tests.backend.dashboard.visitor import Visitor


def test_models_tell_lineage_figures_and_decisions(filled):
    visitor = Visitor(filled, role=Role.VIEWER)
    seen = text(visitor.see("/dashboard/1/models"))
    for part in ("hemline-1-v3 champion", "+0.040 [+0.020, +0.060]", "hemline-1-v1 retired"):
        assert part in seen
    assert "Roll back" not in seen
    page = visitor.see("/dashboard/1/models/3")
    seen = text(page)
    for part in (
        "Validation Dice",
        "Training loss",
        "Gold Dice by view",
        "Got better",
        "Got worse",
        "60 train",
        "p = 0.0020",
        "Against hemline-1-v2",
    ):
        assert part in seen
    assert "Make champion" not in seen
    assert "The starter" in text(visitor.see("/dashboard/1/models/1"))
    assert "unknown model" in visitor.see("/dashboard/1/models/9", 404).lower()


def test_what_follow_ups_brought_is_told_beside_their_number(filled):
    visitor = Visitor(filled, role=Role.VIEWER)
    assert "What follow-ups brought" not in text(visitor.see("/dashboard/1/models"))
    with filled.store.session() as session:
        version = session.get(ModelVersion, 3)
        assert version is not None
        assert version.snapshot is not None
        version.snapshot.counts = {"train": 21, "gold": 12, "pseudo-labels": 39}
        version.figures = {**version.figures, "pseudo_labels": 39}
        session.execute(
            update(TrainingRun)
            .where(TrainingRun.model_version_id == 3)
            .values(trigger=RunTrigger.PSEUDO_LABELS)
        )
    seen = text(visitor.see("/dashboard/1/models"))
    assert "60 21 corrections, 39 pseudo-labels" in seen
    told = seen.split("What follow-ups brought")[1]
    assert "pseudo-labels 1 1 +0.040 [+0.020, +0.060]" in told
    assert "hemline-1-v3 pseudo-labels 21 39 0.900 0.940 +0.040 [+0.020, +0.060] yes" in told
    assert "hemline-1-v2" not in told
    seen = text(visitor.see("/dashboard/1/models/3"))
    assert "60 21 corrections, 39 pseudo-labels" in seen
    assert "21 train, 12 gold, 39 pseudo-labels" in seen
    running = "Training run 3 on pseudo-labels"
    assert running not in text(visitor.see("/dashboard/1"))
    with filled.store.session() as session:
        session.execute(update(TrainingRun).values(trigger=RunTrigger.PSEUDO_LABELS))
    assert running in text(visitor.see("/dashboard/1"))


@pytest.mark.parametrize(
    ("trigger", "part", "kind", "networks"),
    [
        (RunTrigger.BAGGING, {"bagging": {"folds": 5}}, "bag", "bag of 5"),
        (RunTrigger.SPECIALISTS, {"specialists": {"least": 30}}, "specialists", "specialists"),
    ],
)
def test_what_several_networks_brought_is_in_the_same_table(filled, trigger, part, kind, networks):
    visitor = Visitor(filled, role=Role.VIEWER)
    with filled.store.session() as session:
        for version in session.scalars(select(ModelVersion).where(ModelVersion.id == 3)):
            version.recipe = {**version.recipe, **part}
        session.execute(update(TrainingRun).values(trigger=trigger))
    seen = text(visitor.see("/dashboard/1/models"))
    assert f"hemline-1-v3 champion hemline {networks}" in seen
    told = seen.split("What follow-ups brought")[1]
    assert f"{kind} 2 2 " in told
    assert f"hemline-1-v3 {kind} 60 0 0.900 0.940 +0.040 [+0.020, +0.060] yes" in told
    assert f"Training run 3 of {'a ' * (kind == 'bag')}{kind}" in text(visitor.see("/dashboard/1"))


def test_what_got_better_and_worse_is_shown_with_the_masks_that_were_judged(filled):
    visitor = Visitor(filled, role=Role.VIEWER)
    page = visitor.see("/dashboard/1/models/3")
    sides = re.findall(r'<img src="([^"]+judgement=2[^"]*)" alt="([^"]+)"', page)
    assert "The masks of this evaluation were not kept" not in page
    before = [(html.unescape(src), alt) for src, alt in sides if "champion=1" in src]
    after = [(html.unescape(src), alt) for src, alt in sides if "champion=1" not in src]
    assert len(before) == len(after) > 12
    assert all("hemline-1-v2" in alt for _, alt in before)
    assert all("hemline-1-v3" in alt for _, alt in after)
    answers = [visitor.client.get(src) for src in (before[0][0], after[0][0])]
    assert [answer.mimetype for answer in answers] == ["image/jpeg", "image/jpeg"]
    assert answers[0].data != answers[1].data
    for wrong in ("judgement=1", "judgement=77"):
        address = (
            after[0][0]
            .replace("judgement=2", wrong)
            .replace(after[0][0].split("/")[-1].split("?")[0], "0" * 64)
        )
        assert visitor.client.get(address).mimetype == "image/svg+xml"


def test_a_judgement_that_kept_no_masks_shows_the_pre_fills_it_has(filled):
    page = Visitor(filled).see("/dashboard/1/models/2")
    assert "judgement=" not in page
    assert "&amp;prediction=" in page


def test_figures_of_another_version_of_hemline_are_shown_as_far_as_they_go(filled):
    with filled.store.session() as session:
        version = session.get(ModelVersion, 3)
        assert version is not None
        version.figures = {"curve": [{"epoch": 1}, {"epoch": 2, "loss": None}]}
        version.recipe = {}
    seen = text(Visitor(filled).see("/dashboard/1/models/3"))
    assert "Training loss" not in seen
    assert "Gold Dice" in seen


def test_promoting_and_rolling_back_change_the_champion_and_are_noted(filled):
    visitor = Visitor(filled, name="ada")
    answer = visitor.post("/dashboard/1/models/1/promote")
    assert answer.headers["Location"] == "/dashboard/1/models"
    assert "hemline-1-v1 pre-fills from now on" in text(visitor.see("/dashboard/1/models"))
    filled.finish_background()
    with filled.store.reading() as session:
        now = champion(session, 1)
        assert now is not None
        assert now.number == 1
        job = session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
    assert filled.sent[-1] == ("worker.predict_pool", job.id, "predict")
    assert visitor.post("/dashboard/1/models/roll-back").status_code == 303
    with filled.store.reading() as session:
        back = champion(session, 1)
        assert back is not None
        assert back.number == 3
        events = list_events(session, 1)
    assert [(event.person, event.action, event.target) for event in events] == [
        ("ada", "roll back", "version 3"),
        ("ada", "promote", "version 1"),
    ]


def test_a_version_that_lost_a_class_says_so_and_a_person_may_promote_it(filled):
    decision = "not promoted without a person: better in the mean, but it loses 'hat'"
    labels = {"hat": {"loss_p": 0.0042, "is_lost": True}, "top": {"loss_p": 1, "is_lost": False}}
    seen_by_both = {"labels": {"hat": 0.5, "top": 0.9}, "champion_labels": {"hat": 0.6, "top": 0.8}}
    with filled.store.session() as session:
        evaluation = evaluations_of(session, 2)[0]
        item = {"id": "task-1", "garment": "G1", "dice": 0.7, "champion_dice": 0.7, **seen_by_both}
        evaluation.figures = {**evaluation.figures, "items": [item], "labels": labels}
        evaluation.decision = decision
    visitor = Visitor(filled)
    seen = html.unescape(text(visitor.see("/dashboard/1/models/2")))
    assert "Not promoted without a person: better in the mean, but it loses 'hat'" in seen
    assert "hat lost 1 0.500 0.600 -0.100 0.0042" in seen.replace("−", "-")
    assert "top 1 0.900 0.800 +0.100 1.0000" in seen
    assert "not promoted without a person" in text(visitor.see("/dashboard/1/models"))
    visitor.post("/dashboard/1/models/2/promote")
    with filled.store.reading() as session:
        now = champion(session, 1)
    assert now is not None
    assert now.number == 2


def test_a_version_that_waits_for_a_person_is_among_what_there_is_to_do(filled):
    visitor = Visitor(filled)
    assert "waits for a person" not in text(visitor.see("/dashboard/1"))
    with filled.store.session() as session:
        session.execute(
            update(ModelVersion)
            .where(ModelVersion.number == 3)
            .values(state=ModelState.REJECTED, promoted_at=None)
        )
        promote(session, 2)
        evaluation = evaluations_of(session, 3)[0]
        evaluation.promoted = False
        evaluation.figures = {**evaluation.figures, "lost": ["hat", "<b>bag</b>"]}
    page = visitor.see("/dashboard/1")
    assert (
        "hemline-1-v3 waits for a person: it is better than the champion in the mean, but loses "
        "'hat', '<b>bag</b>'" in html.unescape(page)
    )
    assert "<b>bag</b>" not in page
    (address,) = re.findall(r'<li><a href="([^"]+)">hemline-1-v3 waits', page)
    assert "Make hemline-1-v3 champion" in text(visitor.see(address))
    visitor.post("/dashboard/1/models/3/promote")
    assert "waits for a person" not in text(visitor.see("/dashboard/1"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
@pytest.mark.parametrize("path", ["models/1/promote", "models/roll-back"])
def test_only_an_admin_changes_the_champion(filled, role, path):
    visitor = Visitor(filled, role=role)
    answer = visitor.post(f"/dashboard/1/{path}")
    assert answer.status_code == 403
    assert f"Your role is {role} and this needs the role admin" in answer.text
    assert visitor.client.get(f"/dashboard/1/{path}").status_code in (404, 403)
    with filled.store.reading() as session:
        now = champion(session, 1)
        assert now is not None
        assert now.number == 3
        assert not list_events(session, 1)


def test_a_roll_back_without_a_way_changes_nothing_and_says_so(filled):
    with filled.store.session() as session:
        session.execute(
            update(ModelVersion).where(ModelVersion.number < 3).values(promoted_at=None)
        )
    visitor = Visitor(filled)
    answer = visitor.post("/dashboard/1/models/roll-back")
    assert answer.status_code == 409
    assert "no earlier champion" in answer.text
    with filled.store.reading() as session:
        assert not list_events(session, 1)


def test_an_action_and_its_audit_event_stand_or_fall_together(filled, monkeypatch):
    def fail(*_, **__):
        raise StoreError("the audit table is full")

    monkeypatch.setattr("backend.dashboard.pages.models.record_event", fail)
    assert Visitor(filled).post("/dashboard/1/models/1/promote").status_code == 404
    with filled.store.reading() as session:
        now = champion(session, 1)
        assert now is not None
        assert now.number == 3


def test_a_candidate_in_shadow_is_told_with_what_it_waits_for(filled):
    visitor = Visitor(filled, role=Role.VIEWER)
    assert "in shadow" not in text(visitor.see("/dashboard/1/models"))
    with filled.store.session() as session:
        current = champion(session, 1)
        assert current is not None
        assert current.snapshot_id is not None
        candidate = create_version(
            session,
            1,
            recipe={},
            labels=["garment"],
            weights_digest=current.weights_digest,
            code_version="0",
            snapshot_id=current.snapshot_id,
        )
        evaluation = record_evaluation(
            session,
            model_version_id=candidate.id,
            champion_id=current.id,
            snapshot_id=current.snapshot_id,
            promoted=False,
            decision="in shadow: it is decided later",
            figures={"measured": "Dice +0.0100"},
        )
        begin_shadow(session, evaluation, garments=12)
    seen = text(visitor.see("/dashboard/1/models"))
    assert f"{candidate.name} is in shadow of hemline-1-v3: 0 of 12 new garments" in seen
    assert "hemline shadow 1 --end ends it" in seen
    row = seen.split(f"{candidate.name} candidate")[1]
    assert "in shadow" in row
    page = text(visitor.see(f"/dashboard/1/models/{candidate.number}"))
    assert "In shadow: it is decided later" in page


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("gold", "on the gold split: photos that are never trained on."),
        ("shadow", "only if it is better in shadow: on what people make of photos"),
        ("both", "are never trained on, and then in shadow: on what people make of photos"),
    ],
)
def test_the_list_says_what_decides(filled_home, make_backend, tmp_path, by, words):
    shutil.copytree(filled_home, tmp_path, dirs_exist_ok=True)
    backend = make_backend(promotion_by=by)
    assert words in text(Visitor(backend, role=Role.VIEWER).see("/dashboard/1/models"))
