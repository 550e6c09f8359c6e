#ifndef RETRAIND_CURL_SHIMS_H
#define RETRAIND_CURL_SHIMS_H
// Types and constants of libcurl. The library itself is loaded at the first request (see HTTP/CurlLibrary.swift), so
// nothing here may call it by name: the variadic functions, which Swift cannot call, are taken as pointers.
#include <curl/curl.h>

typedef CURLcode (*retraind_curl_setopt_fn)(CURL *, CURLoption, ...);
typedef CURLcode (*retraind_curl_getinfo_fn)(CURL *, CURLINFO, ...);
typedef CURLMcode (*retraind_curl_multi_setopt_fn)(CURLM *, CURLMoption, ...);

static inline CURLcode retraind_curl_setopt_long(void *fn, CURL *easy, CURLoption option, long value) {
  return ((retraind_curl_setopt_fn)fn)(easy, option, value);
}

static inline CURLcode retraind_curl_setopt_size(void *fn, CURL *easy, CURLoption option, curl_off_t value) {
  return ((retraind_curl_setopt_fn)fn)(easy, option, value);
}

static inline CURLcode retraind_curl_setopt_string(void *fn, CURL *easy, CURLoption option, const char *value) {
  return ((retraind_curl_setopt_fn)fn)(easy, option, value);
}

static inline CURLcode retraind_curl_setopt_pointer(void *fn, CURL *easy, CURLoption option, const void *value) {
  return ((retraind_curl_setopt_fn)fn)(easy, option, value);
}

static inline CURLcode retraind_curl_setopt_callback(
    void *fn, CURL *easy, CURLoption option, size_t (*value)(char *, size_t, size_t, void *)) {
  return ((retraind_curl_setopt_fn)fn)(easy, option, value);
}

static inline CURLcode retraind_curl_getinfo_long(void *fn, CURL *easy, CURLINFO info, long *value) {
  return ((retraind_curl_getinfo_fn)fn)(easy, info, value);
}

static inline CURLcode retraind_curl_getinfo_size(void *fn, CURL *easy, CURLINFO info, curl_off_t *value) {
  return ((retraind_curl_getinfo_fn)fn)(easy, info, value);
}

static inline CURLMcode retraind_curl_multi_setopt_long(void *fn, CURLM *multi, CURLMoption option, long value) {
  return ((retraind_curl_multi_setopt_fn)fn)(multi, option, value);
}

// CURLMsg keeps its result in a union.
static inline CURLcode retraind_curl_message_result(const CURLMsg *message) { return message->data.result; }

#endif
