internal import CCurl

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// libcurl, loaded when it is first needed: a process that makes no request does not map its thirty libraries.
///
/// Unchecked because raw pointers are not Sendable: all of these are constant addresses of functions.
struct CurlLibrary: @unchecked Sendable {
  /// Names under which systems ship it, the first that loads wins.
  static let names = [
    "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib", "/usr/lib/libcurl.4.dylib", "libcurl.dylib",
  ]

  /// The library once it is loaded.
  private static let loaded = Guarded<CurlLibrary?>(nil)

  /// The library, loaded and initialised once per process; what kept it from being loaded may be over the next time.
  ///
  /// `curl_global_init` is not safe on several threads in every version: here is the only caller, under a lock.
  static func shared() -> Result<CurlLibrary, HTTPFailure> {
    loaded.withLock { loaded in
      if let loaded { return .success(loaded) }
      let result = load(names)
      loaded = try? result.get()
      return result
    }
  }

  /// `curl_easy_setopt`, variadic: only through the typed shims.
  let setopt: UnsafeMutableRawPointer
  /// `curl_easy_getinfo`, variadic.
  let getinfo: UnsafeMutableRawPointer
  /// `curl_multi_setopt`, variadic.
  let multiSetopt: UnsafeMutableRawPointer
  /// `curl_easy_init`.
  let easyInit: EasyInit
  /// `curl_easy_cleanup`.
  let easyCleanup: EasyCleanup
  /// `curl_easy_strerror`.
  let easyText: EasyText
  /// `curl_slist_append`.
  let listAppend: ListAppend
  /// `curl_slist_free_all`.
  let listFree: ListFree
  /// `curl_multi_init`.
  let multiInit: MultiInit
  /// `curl_multi_cleanup`.
  let multiCleanup: MultiCleanup
  /// `curl_multi_add_handle`.
  let multiAdd: MultiAdd
  /// `curl_multi_remove_handle`.
  let multiRemove: MultiRemove
  /// `curl_multi_perform`.
  let multiPerform: MultiPerform
  /// `curl_multi_poll`, from 7.66 on.
  let multiPoll: MultiPoll
  /// `curl_multi_wakeup`, from 7.68 on; the one function that any thread may call.
  let multiWakeup: MultiWakeup
  /// `curl_multi_info_read`.
  let multiMessage: MultiMessage

  /// Loads the first of some names that loads.
  static func load(_ names: [String]) -> Result<CurlLibrary, HTTPFailure> {
    var refusal: String?
    for name in names {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
        // A library that is there and cannot be loaded is another matter than none.
        if let text = dlerror().map({ String(cString: $0) }), !text.contains("No such file") { refusal = text }
        continue
      }
      do {
        return .success(try CurlLibrary(handle, name: name))
      } catch {
        dlclose(handle)
        return .failure(error)
      }
    }
    if let code = Shortage.ofDescriptors() {
      return .failure(
        HTTPFailure(
          .exhausted, "libcurl, which carries HTTP requests, cannot be loaded: \(Shortage.words(code))"))
    }
    if let refusal {
      return .failure(HTTPFailure(.other, "libcurl, which carries HTTP requests, cannot be loaded: \(refusal)"))
    }
    return .failure(
      HTTPFailure(
        .other,
        "libcurl, which carries HTTP requests, is not installed; install it (Debian, Ubuntu: apt install libcurl4; "
          + "Fedora: dnf install libcurl; Alpine: apk add libcurl)"))
  }

  /// Looks up every function in a loaded library and initialises it.
  private init(_ handle: UnsafeMutableRawPointer, name: String) throws(HTTPFailure) {
    func symbol(_ symbol: String) throws(HTTPFailure) -> UnsafeMutableRawPointer {
      guard let address = dlsym(handle, symbol) else {
        throw HTTPFailure(.other, "\(name) has no \(symbol); libcurl 7.68 or newer is needed")
      }
      return address
    }
    func function<F>(_ name: String, as type: F.Type) throws(HTTPFailure) -> F {
      unsafeBitCast(try symbol(name), to: type)
    }
    setopt = try symbol("curl_easy_setopt")
    getinfo = try symbol("curl_easy_getinfo")
    multiSetopt = try symbol("curl_multi_setopt")
    easyInit = try function("curl_easy_init", as: EasyInit.self)
    easyCleanup = try function("curl_easy_cleanup", as: EasyCleanup.self)
    easyText = try function("curl_easy_strerror", as: EasyText.self)
    listAppend = try function("curl_slist_append", as: ListAppend.self)
    listFree = try function("curl_slist_free_all", as: ListFree.self)
    multiInit = try function("curl_multi_init", as: MultiInit.self)
    multiCleanup = try function("curl_multi_cleanup", as: MultiCleanup.self)
    multiAdd = try function("curl_multi_add_handle", as: MultiAdd.self)
    multiRemove = try function("curl_multi_remove_handle", as: MultiRemove.self)
    multiPerform = try function("curl_multi_perform", as: MultiPerform.self)
    multiPoll = try function("curl_multi_poll", as: MultiPoll.self)
    multiWakeup = try function("curl_multi_wakeup", as: MultiWakeup.self)
    multiMessage = try function("curl_multi_info_read", as: MultiMessage.self)
    let globalInit = try function(
      "curl_global_init", as: (@convention(c) (Int) -> CURLcode).self)
    guard globalInit(Int(CURL_GLOBAL_SSL)) == CURLE_OK else {
      throw HTTPFailure(.other, "\(name) could not be initialised")
    }
  }
}

/// The types of the functions that are looked up in libcurl.
extension CurlLibrary {
  /// `CURL *` or `CURLM *`.
  typealias Handle = UnsafeMutableRawPointer
  /// `struct curl_slist *`.
  typealias List = UnsafeMutablePointer<curl_slist>?
  /// `const char *`.
  typealias Text = UnsafePointer<CChar>?
  /// `curl_easy_init`.
  typealias EasyInit = @Sendable @convention(c) () -> Handle?
  /// `curl_easy_cleanup`.
  typealias EasyCleanup = @Sendable @convention(c) (Handle?) -> Void
  /// `curl_easy_strerror`.
  typealias EasyText = @Sendable @convention(c) (CURLcode) -> Text
  /// `curl_slist_append`.
  typealias ListAppend = @Sendable @convention(c) (List, Text) -> List
  /// `curl_slist_free_all`.
  typealias ListFree = @Sendable @convention(c) (List) -> Void
  /// `curl_multi_init`.
  typealias MultiInit = @Sendable @convention(c) () -> Handle?
  /// `curl_multi_cleanup`.
  typealias MultiCleanup = @Sendable @convention(c) (Handle?) -> CURLMcode
  /// `curl_multi_add_handle`.
  typealias MultiAdd = @Sendable @convention(c) (Handle?, Handle?) -> CURLMcode
  /// `curl_multi_remove_handle`.
  typealias MultiRemove = @Sendable @convention(c) (Handle?, Handle?) -> CURLMcode
  /// `curl_multi_perform`.
  typealias MultiPerform = @Sendable @convention(c) (Handle?, UnsafeMutablePointer<Int32>?) -> CURLMcode
  /// `curl_multi_poll`.
  typealias MultiPoll =
    @Sendable @convention(c) (Handle?, Handle?, UInt32, Int32, UnsafeMutablePointer<Int32>?) -> CURLMcode
  /// `curl_multi_wakeup`.
  typealias MultiWakeup = @Sendable @convention(c) (Handle?) -> CURLMcode
  /// `curl_multi_info_read`.
  typealias MultiMessage =
    @Sendable @convention(c) (Handle?, UnsafeMutablePointer<Int32>?) -> UnsafeMutablePointer<CURLMsg>?
}
