// The figures that every Prometheus client gives about its own process (`process_*`), from /proc.
#pragma once

#include <string>

namespace vastwatch::metrics {

/// Appends process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
/// process_open_fds, process_max_fds, process_start_time_seconds and process_threads in text
/// format. What the system does not tell is left out.
void append_process_figures(std::string& out);

}  // namespace vastwatch::metrics
