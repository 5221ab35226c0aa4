// The disk tier's figures as the reports have them.
#pragma once

#include "edge/cache/disk.h"
#include "edge/report/counters.h"

namespace edge::serve {

// Null: the disk could not be had.
report::DiskFigures disk_figures(cache::Disk* disk);

}  // namespace edge::serve
