# make env | demo | test | lint | types | unit | readme     HOSTS=upstream (default) or onedl     PYTHON=python3.11
PYTHON ?= python3
HOSTS ?= upstream
VENV := $(abspath .venv$(if $(filter-out upstream,$(HOSTS)),-$(HOSTS)))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
REQUIREMENTS := requirements/demo.txt requirements/tests.txt requirements/hosts/$(HOSTS).txt
# The stamp carries the content of the requirements, so that the environment is re-made when they change and only then.
STAMP := $(VENV)/.installed-$(shell cat $(REQUIREMENTS) setup.py | sha256sum | cut -c1-12)

.DELETE_ON_ERROR:
.PHONY: env demo test lint types unit

env: $(STAMP)

$(STAMP):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else \
	  "mmtips needs Python 3.10 to 3.12, and $(PYTHON) is %d.%d: name another one, as in make env PYTHON=python3.12" % v)'
	@test -e requirements/hosts/$(HOSTS).txt || { echo 'HOSTS=$(HOSTS): expected upstream or onedl'; exit 1; }
	@echo 'making $(notdir $(VENV)): a few minutes and about 6 GB, mostly PyTorch'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet $(addprefix -r ,$(REQUIREMENTS))
	$(PIP) uninstall --quiet --yes opencv-python
	$(PIP) install --quiet --force-reinstall --no-deps $$(grep ^opencv requirements/demo.txt)
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	touch $@

test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/pytest -n 2 --dist worksteal
