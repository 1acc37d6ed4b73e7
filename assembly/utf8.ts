// Texts are written into messages as they are: only well-formed UTF-8 may get in (RFC 3629 section 4).

export function isUtf8(at: usize, end: usize): bool {
  while (at < end) {
    const lead: u32 = load<u8>(at++);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    // No overlong forms, no surrogates, nothing above U+10FFFF: bounds of the byte behind the lead.
    let least: u32 = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let most: u32 = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let follow = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    for (; follow > 0; follow--) {
      const byte: u32 = at < end ? load<u8>(at++) : 0;
      if (byte < least || byte > most) return false;
      least = 0x80;
      most = 0xbf;
    }
  }
  return true;
}
