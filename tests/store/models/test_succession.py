"""A champion that a person chose predicts the pool anew, in the same transaction."""

import pytest

from hemline.errors import StoreError
from hemline.store.database.columns import utcnow
from hemline.store.loop.jobs import active_job
from hemline.store.loop.predictions import save_prediction, unsent_predictions
from hemline.store.models.models import champion, create_version, promote
from hemline.store.models.succession import promote_by_hand, roll_back
from hemline.store.states import JobKind


def second_version(session, project):
    return create_version(
        session,
        project.id,
        recipe={},
        labels=["garment"],
        weights_digest="b" * 64,
        code_version="0",
    )


def test_its_predictions_are_sent_again_and_one_job_is_queued(store, project, task, version):
    with store.session() as session:
        promote(session, version.id)
        prediction = save_prediction(
            session,
            task_id=task.id,
            model_version_id=version.id,
            image_digest="i" * 64,
            mask_digest="m" * 64,
            score=0.5,
            region_scores={},
        )
        prediction.sent_at = utcnow()
        other = second_version(session, project)
        first = promote_by_hand(session, other.id)
        assert first.champion.id == other.id
        back = roll_back(session, project.id)
        assert back.champion.id == version.id
        assert back.job.id == first.job.id
    with store.reading() as session:
        assert active_job(session, project.id, JobKind.PREDICT_POOL) is not None
        assert len(unsent_predictions(session, project.id, version.id, 10)) == 1


def test_nothing_is_kept_when_there_is_no_way_back(store, project, version):
    with store.session() as session:
        promote(session, version.id)
    with pytest.raises(StoreError, match="no earlier champion"), store.session() as session:
        roll_back(session, project.id)
    with store.reading() as session:
        now = champion(session, project.id)
        assert now is not None
        assert now.id == version.id
        assert active_job(session, project.id, JobKind.PREDICT_POOL) is None
