# Copyright (c) mmtips authors. All rights reserved.
"""Write the index of all recipes, in the format of OpenMIM: python tools/model_index.py."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
COLLECTIONS = {
    'all_cnn': ('All-CNN', 'https://arxiv.org/abs/1412.6806', 'Image Classification'),
    'deeplabv3plus': ('DeepLabV3+', 'https://arxiv.org/abs/1802.02611', 'Semantic Segmentation'),
    'resnet': ('ResNet', 'https://arxiv.org/abs/1512.03385', 'Image Classification'),
    'unet': ('U-Net', 'https://arxiv.org/abs/1505.04597', 'Semantic Segmentation'),
}


def measured() -> dict[str, dict[str, float]]:
    """By recipe the score of its stock network, of those that a run has written to ``results``."""
    results = [json.loads(path.read_text()) for path in sorted((ROOT / 'results').glob('*/stock.json'))]
    return {Path(result['config']).stem: {result['accuracy']['metric']: round(result['accuracy']['value'], 2)}
            for result in results if 'accuracy' in result}  # a robustness study has none


def entry(path: Path, scores: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What OpenMIM is told of a recipe. None of them has published weights."""
    collection, _, task = COLLECTIONS[path.parent.name]
    heading = re.sub(r'\n# ?', ' ', path.read_text().split('\n#\n')[0].removeprefix('# '))
    dataset = re.search(r' on (.+?)(?:,|\.$|: | \(|$)', heading)
    if dataset is None:
        raise ValueError(f'{path}: expected a first line that says what it trains on, got {heading!r}')
    result: dict[str, Any] = dict(Task=task, Dataset=dataset[1])
    if path.stem in scores:
        result['Metrics'] = scores[path.stem]
    return {'Name': path.stem, 'In Collection': collection, 'Config': path.relative_to(ROOT).as_posix(),
            'Metadata': {'Training Data': dataset[1]}, 'Results': [result]}


def index() -> dict[Path, str]:
    """The content of every file of the index."""
    scores, files = measured(), {}
    for folder, (name, paper, _) in COLLECTIONS.items():
        recipes = sorted((ROOT / 'configs' / folder).glob('*.py'))
        collection = dict(Name=name, Paper=dict(URL=paper), Metadata=dict(Architecture=[name]))
        content = dict(Collections=[collection], Models=[entry(path, scores) for path in recipes])
        files[ROOT / f'configs/{folder}/metafile.yml'] = yaml.safe_dump(content, sort_keys=False, width=120)
    imports = [path.relative_to(ROOT).as_posix() for path in files]
    files[ROOT / 'model-index.yml'] = yaml.safe_dump(dict(Import=imports))
    return files


if __name__ == '__main__':
    for path, text in index().items():
        path.write_text(text)
