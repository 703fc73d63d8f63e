# Copyright (c) mmtips authors. All rights reserved.
"""The report as one HTML file that can be sent around."""

from mmtips.report.page.render import render_page

__all__ = ['render_page']
