// lib.rs - httparse with a C interface.
// SPDX-License-Identifier: MIT
use httparse::{Header, ParserConfig, Request, Response, Status};
use std::mem::MaybeUninit;
use std::ptr::addr_of_mut;

const FIELDS: usize = 128;

/// The last head.  Its spans live as long as the caller's buffer; the benches have one thread.
static mut HEADERS: [MaybeUninit<Header<'static>>; FIELDS] =
    unsafe { MaybeUninit::uninit().assume_init() };
static mut TARGET: *const str = "";

#[repr(C)]
pub struct Span {
    p: *const u8,
    n: usize,
}

#[no_mangle]
pub unsafe extern "C" fn bench_httparse_request(
    buf: *const u8,
    len: usize,
    fields: &mut usize,
) -> usize {
    let bytes: &'static [u8] = std::slice::from_raw_parts(buf, len);
    let mut request = Request::new(&mut []);
    let headers = &mut *addr_of_mut!(HEADERS);
    match ParserConfig::default().parse_request_with_uninit_headers(&mut request, bytes, headers) {
        Ok(Status::Complete(n)) => {
            TARGET = request.path.unwrap_or("");
            *fields = request.headers.len();
            n
        }
        _ => 0,
    }
}

#[no_mangle]
pub unsafe extern "C" fn bench_httparse_response(
    buf: *const u8,
    len: usize,
    fields: &mut usize,
) -> usize {
    let bytes: &'static [u8] = std::slice::from_raw_parts(buf, len);
    let mut response = Response::new(&mut []);
    let headers = &mut *addr_of_mut!(HEADERS);
    match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, headers)
    {
        Ok(Status::Complete(n)) => {
            TARGET = response.reason.unwrap_or("");
            *fields = response.headers.len();
            n
        }
        _ => 0,
    }
}

#[no_mangle]
pub unsafe extern "C" fn bench_httparse_piece(i: usize, out: &mut Span) {
    let bytes = if i == 0 {
        (*TARGET).as_bytes()
    } else {
        let header = (*addr_of_mut!(HEADERS))[(i - 1) / 2].assume_init_ref();
        if i % 2 == 1 { header.name.as_bytes() } else { header.value }
    };
    *out = Span { p: bytes.as_ptr(), n: bytes.len() };
}
