// What the disk tier is doing, as the report's rooms take it.
#pragma once

#include "edge/cache/disk.h"
#include "edge/report/counters.h"

namespace edge::serve {

// All zero without a disk.
report::DiskFigures disk_figures(cache::Disk* disk);

}  // namespace edge::serve
