#ifndef RETRAIND_CURL_SHIMS_H
#define RETRAIND_CURL_SHIMS_H
// Types and constants of libcurl. The library itself is loaded at the first request (see HTTP/CurlLibrary.swift).
#include <curl/curl.h>
#endif
