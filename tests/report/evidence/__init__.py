# Copyright (c) mmtips authors. All rights reserved.
