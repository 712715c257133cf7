// The second translation unit: nothing in the header may be defined twice.
#include "wrapper.hpp"

void ask_nobody(smileid::ClientOptions options) {
  options.max_retries = 0;
  smileid::Client(options).get_job_status("user", "job");
}
