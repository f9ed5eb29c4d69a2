/* sanitized.h - the sanitizer this is built with, for gcc and clang. */
/* SPDX-License-Identifier: MIT */
#ifndef SANITIZED_H
#define SANITIZED_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED_ADDRESS
#endif
#if __has_feature(thread_sanitizer)
#define SANITIZED_THREAD
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED_ADDRESS
#endif
#ifdef __SANITIZE_THREAD__
#define SANITIZED_THREAD
#endif

#if defined(SANITIZED_ADDRESS) || defined(SANITIZED_THREAD)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#endif
