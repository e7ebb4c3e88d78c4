"""The tables of shadows: candidates that are judged by what people make of photos, silently."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base, Json, Sentence, Words
from hemline.store.states import ShadowState
from hemline.store.tables.loop import Evaluation, ModelVersion, Project


class Shadow(Base):
    """A candidate beside the champion, until people have corrected photos of so many garments."""

    __tablename__ = "shadow"
    __table_args__ = (
        Index(
            "uq_shadow_running",
            "project_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    model_version_id: Mapped[int] = mapped_column(  # the candidate
        ForeignKey("model_version.id", ondelete="CASCADE"), index=True
    )
    champion_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    evaluation_id: Mapped[int] = mapped_column(  # on gold, which carries the decision
        ForeignKey("evaluation.id", ondelete="CASCADE")
    )
    state: Mapped[ShadowState] = mapped_column(default=ShadowState.RUNNING)
    garments: Mapped[int]  # after which it is decided, once
    decision: Mapped[str] = mapped_column(Words(), default="")  # in one sentence, when it is over
    figures: Mapped[Json] = mapped_column(default=dict)  # as an evaluation's
    began_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    ended_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
    model_version: Mapped[ModelVersion] = relationship(foreign_keys=[model_version_id])
    champion: Mapped[ModelVersion] = relationship(foreign_keys=[champion_id])
    evaluation: Mapped[Evaluation] = relationship()


class ShadowLabel(Base):
    """What somebody made of a photo, compared with the masks of candidate and champion; or why it
    cannot be."""

    __tablename__ = "shadow_label"

    shadow_id: Mapped[int] = mapped_column(
        ForeignKey("shadow.id", ondelete="CASCADE"), primary_key=True
    )
    task_id: Mapped[int] = mapped_column(
        ForeignKey("task.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    annotation_id: Mapped[int] = mapped_column(
        ForeignKey("annotation.id", ondelete="CASCADE"), index=True
    )
    label_digest: Mapped[str] = mapped_column(Words(64))  # of the mask that was compared
    from_nothing: Mapped[bool] = mapped_column(default=False, server_default=false())
    untouched: Mapped[bool] = mapped_column(default=False, server_default=false())
    dice: Mapped[float | None]  # mean over labels, 0 to 1; None: there is a problem
    champion_dice: Mapped[float | None]
    labels: Mapped[Json] = mapped_column(default=dict)  # label name to 0..1
    champion_labels: Mapped[Json] = mapped_column(default=dict)
    problem: Mapped[str | None] = mapped_column(Sentence())
