# make env | data | demo | benchmark | profile | evidence | readme | test | lint | types | unit
# with HOSTS=upstream (default) or onedl     PYTHON=python3.11
# make demo OPERATORS='BlurPool TIPS APS'     compares any set of configs with the baseline
PYTHON ?= python3
HOSTS ?= upstream
# No absolute path: make splits one at its spaces, and what is removed is a folder of this one.
VENV := .venv$(if $(filter-out upstream,$(HOSTS)),-$(HOSTS))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
REQUIREMENTS := requirements/demo.txt requirements/tests.txt requirements/hosts/$(HOSTS).txt
# Two distributions come in as dependencies and are exchanged for twins with the same import name: opencv-python, which
# needs the system's libGL, and beside the OneDL fork the upstream mmengine, which mmcv-lite asks for.
UNWANTED := opencv-python$(if $(filter onedl,$(HOSTS)), mmengine)
TWINS := opencv-python-headless|onedl-mmengine
# The stamp carries the content of the requirements, so that the environment is re-made when they change and only then.
# The one part in C: compiled with the environment, and again when it changes.
NATIVE := mmtips/downsampling/kernels/native
LIBRARY := $(NATIVE)/planes.abi3.so
STAMP := $(VENV)/.installed-$(shell cat $(REQUIREMENTS) setup.py | sha256sum | cut -c1-12)

# What is imported is compiled then, and kept: compiling all that is installed takes minutes.
unexport PYTHONDONTWRITEBYTECODE
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.PHONY: FORCE env data demo trained readme benchmark profile evidence test lint types unit

env: $(STAMP) $(LIBRARY)

$(LIBRARY): $(wildcard $(NATIVE)/*.[ch]) | $(STAMP)
	$(BIN)/python setup.py --quiet build_ext --inplace
	@test -e $@ && touch $@ || echo 'no C compiler with OpenMP: TIPS runs on PyTorch operations, more slowly'

$(STAMP):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else \
	  "mmtips needs Python 3.10 to 3.12, and $(PYTHON) is %d.%d: name another one, as in make env PYTHON=python3.12" % v)'
	@test -e requirements/hosts/$(HOSTS).txt || { echo 'HOSTS=$(HOSTS): expected upstream or onedl'; exit 1; }
	@echo 'making $(VENV): a few minutes and about 6 GB, mostly PyTorch'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --no-compile $(addprefix -r ,$(REQUIREMENTS))
	$(PIP) uninstall --quiet --yes $(UNWANTED)
	$(PIP) install --quiet --no-compile --force-reinstall --no-deps $$(cat $(REQUIREMENTS) | grep -E '^($(TWINS))==')
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	touch $@

# The demo: networks that differ in one word, trained and measured alike. Every step is skipped once it is done, and an
# interrupted training goes on from its last checkpoint. JOBS networks train at a time, each on one thread: small layers
# gain little from a second one, and threads that wait for each other crawl when anything else is running.
DEMO := work_dirs/demo
DATA := data/scattered_digits/meta.json
JOBS ?= 3
# What is measured already is not measured again with another step: remove its shift.json first.
MAP_STEP ?= 2
# Each of them is a file of configs/_base_/downsampler, in small letters: TIPS-anchor is tips-anchor.py.
OPERATORS ?= BlurPool TIPS
DEMO_MODELS := stock $(filter-out stock,$(OPERATORS))
RECIPE := configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py
BASES := $(addprefix configs/_base_/,datasets/scattered_digits.py models/deeplabv3plus_r18-w8-d8.py schedules/schedule_2k.py)
lower = $(shell echo '$(1)' | tr A-Z a-z)
part = configs/_base_/downsampler/$(call lower,$(1)).py
# A run belongs to its recipe: after a change of its configs it is trained anew, beside what is there.
run = $(DEMO)/$(1)-$(shell cat $(BASES) $(RECIPE) $(call part,$(1)) 2>&1 | grep -v '^\#' | sha256sum | cut -c1-8)
RUNS := $(foreach model,$(DEMO_MODELS),$(call run,$(model)))
TRAINED := $(RUNS:%=%/iter_2000.pth)
RESULTS := $(RUNS:%=%/shift.json)

ifneq ($(filter demo trained,$(MAKECMDGOALS)),)
  $(foreach model,$(DEMO_MODELS),$(if $(wildcard $(call part,$(model))),,$(error OPERATORS: no $(call part,$(model)): \
    expected some of $(basename $(notdir $(wildcard $(call part,*)))))))
endif

data: $(DATA)

# Made once; later the converter says whether what is there is what the results are of.
$(DATA): FORCE | env
	$(BIN)/python tools/dataset_converters/scattered_digits.py

.PRECIOUS: $(TRAINED) $(RESULTS)

define DEMO_RULES
$(2)/iter_2000.pth: | $(DATA)
	DOWNSAMPLER=$(call lower,$(1)) OMP_NUM_THREADS=1 $(BIN)/python tools/train.py $(RECIPE) --work-dir $(2) --resume 2>&1 | \
	  sed -u 's/^/[$(1)] /'

$(2)/shift.json: $(2)/iter_2000.pth
	DOWNSAMPLER=$(call lower,$(1)) $(BIN)/python tools/eval_shift.py $(RECIPE) $(2)/iter_2000.pth --work-dir $(2) --pairs 2 \
	  --shift-map 8 --map-step $(MAP_STEP) --map-images 8 --name '$(if $(filter stock,$(1)),DeepLabV3+ (stock),with $(1))' --out $$@
endef
$(foreach model,$(sort $(DEMO_MODELS) TIPS),$(eval $(call DEMO_RULES,$(model),$(call run,$(model)))))

trained: $(TRAINED)

demo: $(DATA)
	@$(MAKE) --no-print-directory -j $(JOBS) trained
	@$(MAKE) --no-print-directory -j 1 $(RESULTS)
	$(BIN)/python tools/report.py $(RESULTS) --out $(DEMO)/report.html --title 'Scattered digits: one word in a config'

# The tables of the documentation are what is in results/: to renew them copy the demo's results there, all of them measured
# with MAP_STEP=1 (results/README.md).
readme: env
	$(BIN)/python tools/report.py $(foreach model,stock BlurPool TIPS,results/demo/$(model).json) --markdown README.md
	$(BIN)/python tools/report.py results/demo/*.json --markdown docs/operators/README.md
	$(BIN)/python tools/report.py results/classification/*.json --markdown docs/datasets.md
	$(BIN)/python tools/correlate.py results/demo/*.json --out results/correlation/demo.json \
	  --figure docs/images/correlation.svg --markdown docs/operators/README.md
	$(BIN)/python tools/compare_robustness.py $(foreach model,stock BlurPool TIPS,results/robustness/$(model).json) \
	  --markdown docs/robustness.md
	$(BIN)/python tools/benchmark_evaluation.py --markdown docs/evaluation.md
	$(BIN)/python tools/benchmark.py --out results/benchmarks --cards docs/operators --page docs/performance.md \
	  --figures docs/images
	$(BIN)/python tools/evidence_page.py
	$(BIN)/python -m tests.surgery.families
	$(BIN)/python tools/model_index.py

# What the operators cost, all that is planned for one device: about ten minutes on an idle machine. It goes on where it
# was stopped. What it measured is copied beside the committed results, for make readme to show; nothing is measured there,
# since files that change while it runs would mark the commit as changed.
DEVICE ?= cpu
MEASURED := work_dirs/benchmarks
benchmark: env
	$(BIN)/python tools/benchmark.py --plan $(DEVICE) --out $(MEASURED)/$(DEVICE)
	$(call publish,$(MEASURED)/$(DEVICE),*.json)

# Where the time of a training, an evaluation and a layer goes: a few minutes on the CPU.
profile: $(call run,TIPS)/iter_2000.pth
	$(BIN)/python tools/profile_shares.py training $(RECIPE)
	DOWNSAMPLER=tips $(BIN)/python tools/profile_shares.py evaluation $(RECIPE) $<
	$(BIN)/python tools/profile_shares.py operations
	$(call publish,$(MEASURED),profile-*.json)

# Copies what was measured last; earlier files of the same name lie beside it as NAME.DATE.json.
publish = find $(1) -maxdepth 1 -name '$(2)' -not -name '*.*.json' -exec cp -t results/benchmarks {} +

# The evidence: every operator in every network, trained and measured alike (configs/evidence/plans). Hours on two cores; it
# goes on where it was stopped. STUDY is one or some of search, ablation, final, time and longer, which run in this order,
# and variants. To keep what it measured, copy work_dirs/evidence/cpu/*.json to results/evidence; copied back, in another clone
# or on another day, they are enough to go on from.
STUDY ?=
PLAN ?= configs/evidence/plans/cpu.py
evidence: $(DATA)
	OMP_NUM_THREADS=1 $(BIN)/python tools/evidence.py $(STUDY) --plan $(PLAN) $(if $(filter command line,$(origin JOBS)),--jobs $(JOBS))

test: lint types unit

lint: env
	$(BIN)/ruff check .

types: env
	$(BIN)/mypy

unit: env
	$(BIN)/pytest -n 2 --dist worksteal
