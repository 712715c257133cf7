// Included twice, on purpose: both headers must bear it.
#include <smileid_jobs.hpp>
#include <smileid_jobs.h>
#include <smileid_jobs.hpp>

void ask_nobody(smileid::ClientOptions options);
