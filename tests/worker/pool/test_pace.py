"""How fast a pool goes, by what it stored last."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from hemline.store.database.columns import utcnow
from hemline.store.loop.jobs import queue_job
from hemline.store.reports.status import pool_paces
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import Job, ModelVersion, Prediction, Project
from worker.ingest.reconcile import reconcile_project
from worker.pool.predict_pool import predict_pool
from worker.services import Services


def test_a_pace_is_told_of_a_pool_that_is_being_predicted(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    reconcile_project(services, project)
    with services.store.session() as session:
        job_id = queue_job(session, project.id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, job_id)
    with services.store.session() as session:
        job = session.get_one(Job, job_id)
        assert pool_paces(session, [job]) == {}  # it is done
        job.state, job.done, job.total = JobState.RUNNING, 24, 72
        now = utcnow()
        for number, row in enumerate(session.scalars(select(Prediction).order_by(Prediction.id))):
            row.created_at = now - timedelta(seconds=30 - number // 8 * 10)
        session.flush()
        pace = pool_paces(session, [job])[job_id]
        assert pace.per_second == pytest.approx(16 / 20, rel=0.01)
        assert pace.in_words == "0.8 photos a second, 1 min left"
