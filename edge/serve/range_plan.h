// What of a response is asked for, when a client wants a range or a part of it is stored.
//
// Source: RFC 9110 13.1.5 (If-Range), 14.2; RFC 9111 3.4.
#pragma once

#include "edge/serve/fetch.h"

namespace edge::serve {

// What it is to be fetched together with: flights' lanes.  Who validates asks about the whole,
// whatever range comes with it.
std::string lane_of(const FetchPlan& plan);

// RFC 9111 3.3: an incomplete response answers only requests for ranges within it.
// REQUIRES: part.part.
bool part_answers(const cache::Object& part, const http::RequestHead& request);

// Only what `part` lacks, when it lacks at one end and the rest can be told to be the same; else
// the plan stays as it is.  REQUIRES: part->part.
void plan_rest(FetchPlan& plan, const cache::ObjectRef& part);

// Instead of the client's range the whole slices around it, where it is one range without a
// condition and slices are not turned off; else the plan stays as it is.
void align_to_slices(FetchPlan& plan);

}  // namespace edge::serve
