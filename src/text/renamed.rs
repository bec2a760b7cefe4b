//! Keys and words of files that have another name since version 0.2, so that a file of before is
//! told the new one.
//!
//! An old name alone does not say which key it was: `cap` stood in four sections. The new name
//! does, because it is one of those known where the old one was found.
