# Copyright (c) mmtips authors. All rights reserved.
"""``python -m mmtips.compat``: print the report that belongs into a bug report."""

from mmtips.compat import report

if __name__ == '__main__':
    print(report())
