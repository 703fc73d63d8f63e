# make env | data | demo | readme | test | lint | types | unit     HOSTS=upstream (default) or onedl     PYTHON=python3.11
PYTHON ?= python3
HOSTS ?= upstream
VENV := $(abspath .venv$(if $(filter-out upstream,$(HOSTS)),-$(HOSTS)))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
REQUIREMENTS := requirements/demo.txt requirements/tests.txt requirements/hosts/$(HOSTS).txt
# Two distributions come in as dependencies and are exchanged for twins with the same import name: opencv-python, which
# needs the system's libGL, and beside the OneDL fork the upstream mmengine, which mmcv-lite asks for.
UNWANTED := opencv-python$(if $(filter onedl,$(HOSTS)), mmengine)
TWINS := opencv-python-headless|onedl-mmengine
# The stamp carries the content of the requirements, so that the environment is re-made when they change and only then.
STAMP := $(VENV)/.installed-$(shell cat $(REQUIREMENTS) setup.py | sha256sum | cut -c1-12)

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.PHONY: env data demo trained readme test lint types unit

env: $(STAMP)

$(STAMP):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else \
	  "mmtips needs Python 3.10 to 3.12, and $(PYTHON) is %d.%d: name another one, as in make env PYTHON=python3.12" % v)'
	@test -e requirements/hosts/$(HOSTS).txt || { echo 'HOSTS=$(HOSTS): expected upstream or onedl'; exit 1; }
	@echo 'making $(notdir $(VENV)): a few minutes and about 6 GB, mostly PyTorch'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet $(addprefix -r ,$(REQUIREMENTS))
	$(PIP) uninstall --quiet --yes $(UNWANTED)
	$(PIP) install --quiet --force-reinstall --no-deps $$(cat $(REQUIREMENTS) | grep -E '^($(TWINS))==')
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	touch $@

# The demo: three networks that differ in one word, trained and measured alike. Every step is skipped once it is done,
# and an interrupted training goes on from its last checkpoint. All networks train at a time, each on one thread: small
# layers gain little from a second one, and threads that wait for each other crawl when anything else is running.
DEMO := work_dirs/demo
# A run belongs to its recipe: after a change of the configs the demo trains anew, beside what is there.
RUNS := $(DEMO)/$(shell grep -hv '^\#' configs/_base_/*/*.py configs/deeplabv3plus/*digits*.py | sha256sum | cut -c1-8)
DATA := data/scattered_digits/meta.json
DEMO_MODELS := stock blurpool tips
RECIPE = configs/deeplabv3plus/deeplabv3plus_r18-w8$(1)-d8_1xb16-2k_scattered-digits-128x128.py
CONFIG_stock := $(call RECIPE,)
CONFIG_blurpool := $(call RECIPE,-blurpool)
CONFIG_tips := $(call RECIPE,-tips)
NAME_stock := DeepLabV3+ (stock)
NAME_blurpool := with BlurPool
NAME_tips := with TIPS, both losses
TRAINED := $(foreach name,tips stock blurpool,$(RUNS)/$(name)/iter_2000.pth)
RESULTS := $(DEMO_MODELS:%=$(RUNS)/%/shift.json)

data: $(DATA)

$(DATA): | $(STAMP)
	$(BIN)/python tools/dataset_converters/scattered_digits.py

.PRECIOUS: $(RUNS)/%/iter_2000.pth $(RUNS)/%/shift.json
$(RUNS)/%/iter_2000.pth: | $(DATA)
	OMP_NUM_THREADS=1 $(BIN)/python tools/train.py $(CONFIG_$*) --work-dir $(RUNS)/$* --resume 2>&1 | sed -u 's/^/[$*] /'

trained: $(TRAINED)

$(RUNS)/%/shift.json: $(RUNS)/%/iter_2000.pth
	$(BIN)/python tools/eval_shift.py $(CONFIG_$*) $(RUNS)/$*/iter_2000.pth --work-dir $(RUNS)/$* \
	  --pairs 2 --name '$(NAME_$*)' --out $@

demo: $(DATA)
	@$(MAKE) --no-print-directory -j 3 trained
	@$(MAKE) --no-print-directory -j 1 $(RESULTS)
	$(BIN)/python tools/report.py $(RESULTS) --out $(DEMO)/report.html --title 'Scattered digits: one word in a config'

# The README's table is what is in results/: copy the demo's results there to renew it.
readme: $(STAMP)
	$(BIN)/python tools/report.py $(DEMO_MODELS:%=results/demo/%.json) --markdown README.md

test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/pytest -n 2 --dist worksteal
