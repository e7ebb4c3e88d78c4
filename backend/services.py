"""Everything the backend consists of, put together in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.background import BackgroundQueue
from backend.introductions import Introductions
from backend.monitoring.broker import BrokerWatch
from backend.monitoring.metrics import Metrics
from backend.monitoring.progress import StoreFigures
from backend.monitoring.storage import StorageWatch
from backend.protocol.auth import Guard
from backend.protocol.projects import ProjectBook
from backend.serving.answer import Predictions
from backend.serving.champion_loader import Serving
from backend.serving.clicks.history import ClickHistory
from backend.serving.clicks.refine import ClickAnswers
from backend.serving.clicks.refiner import RefinerThread
from backend.serving.handover import PoolJobs, Send
from backend.serving.model_thread import ModelThread
from backend.serving.network_cache import Predictors
from backend.serving.task_check import TaskCheck
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.labelstudio.project.config import parse_label_config
from hemline.prefill.prefill import Prefiller
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.room import free_bytes
from hemline.system.queue import sender


@dataclass(frozen=True)
class BackendServices:
    """The parts that the blueprints use. `start` begins what runs beside requests."""

    settings: Settings
    store: Store
    guard: Guard
    metrics: Metrics
    background: BackgroundQueue
    serving: Serving
    projects: ProjectBook
    predictions: Predictions
    clicks: ClickAnswers
    refiner: RefinerThread
    broker: BrokerWatch
    model_thread: ModelThread
    send: Send
    introductions: Introductions | None
    storage: StorageWatch

    def start(self) -> None:
        self.serving.start()
        self.broker.start()

    def hurry(self) -> None:
        """The process is asked to end: requests answer with what they have in a moment."""
        self.predictions.hurry()
        self.serving.hurry()

    def stop(self) -> None:
        """Finishes what was handed over; what is left out, the worker's sweep finds."""
        if self.introductions is not None:
            self.introductions.stop()
        self.serving.stop()
        self.broker.stop()
        self.background.stop()
        self.model_thread.stop()
        self.refiner.stop()
        self.store.dispose()


def build_services(settings: Settings) -> BackendServices:
    """Builds everything from the settings; nothing is started and no database is asked."""
    store = Store(settings.database)
    artifacts = ArtifactStore(settings.artifacts)
    client = LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key)
    prefiller = Prefiller(store, artifacts, PhotoFetcher(settings, lambda: client), settings)
    queue = sender(settings.broker)
    # Whoever knows the password is believed, and without a token there is nothing to ask with.
    is_open = settings.label_studio_api_key and not settings.basic_auth_user
    introductions = Introductions(client.get_project) if is_open else None
    check = (
        TaskCheck(store, lambda number, ids: client.iter_tasks(number, task_ids=ids, full=False))
        if is_open
        else None
    )
    return connect_services(
        settings,
        store,
        prefiller,
        send=queue.send,
        load_sender=queue.load,
        introductions=introductions,
        check=check,
    )


def connect_services(
    settings: Settings,
    store: Store,
    prefiller: Prefiller,
    *,
    send: Send,
    load_sender: Callable[[], object] | None = None,
    introductions: Introductions | None = None,
    check: TaskCheck | None = None,
) -> BackendServices:
    """The services around the parts that reach outside: the store, photos, networks, the broker.

    `send` queues a task for the worker, and `load_sender` loads what that needs; `introductions`
    and `check` ask Label Studio about new projects and tasks.
    """
    metrics = Metrics()
    metrics.registry.register(StoreFigures(store))
    model_thread = ModelThread()
    background = BackgroundQueue()
    serving = Serving(
        store,
        Predictors(lambda version: prefiller.load(version).predictor),
        model_thread,
        metrics,
        prepare=prefiller.prepare,
        form=prefiller.form,
        sure_from=settings.sure_from,
        ensure_starter=lambda project: prefiller.ensure_starter(
            project.id, parse_label_config(project.label_config)
        ),
    )
    pool = PoolJobs(store, send)
    projects = ProjectBook(store, changed=serving.look_again, introductions=introductions)
    refiner = RefinerThread(prefiller.open_refiner, prefiller.refiner_form)
    storage = StorageWatch(settings, store)
    metrics.watch(
        {"serving": serving.problem, "storage": storage.problem},
        lambda: free_bytes(settings, store),
    )
    return BackendServices(
        settings=settings,
        store=store,
        guard=Guard(settings),
        metrics=metrics,
        background=background,
        serving=serving,
        projects=projects,
        introductions=introductions,
        predictions=Predictions(
            settings, store, prefiller, serving, pool, background, metrics, check=check
        ),
        clicks=ClickAnswers(
            projects, prefiller, refiner, ClickHistory(store, background), check=check
        ),
        refiner=refiner,
        broker=BrokerWatch(settings.broker, metrics, load=load_sender),
        model_thread=model_thread,
        send=send,
        storage=storage,
    )
