// What a reader would stumble over on this page: text that leaves it, is cut, or lies over other text.
(within) => {
  const page = document.scrollingElement, paper = matchMedia("print").matches;
  const wide = document.documentElement;
  const unseen = (element) => element.closest(".unseen, [hidden], script, style, noscript, template") !== null;
  const clipped = (style) => style.clipPath !== "none" || style.visibility === "hidden" || style.opacity === "0";

  const seen = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (clipped(getComputedStyle(at))) { return false; }
    }
    return true;
  };

  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (within && !element.closest(within)) { continue; }
    if (!node.textContent.trim() || unseen(element) || !element.getClientRects().length || !seen(element)) { continue; }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width > 1 && box.height > 1) { words.push({ box, element, text: node.textContent.trim().slice(0, 40) }); }
    }
  }

  // a box that hides what is too much of it, with text beyond its edge; one that scrolls cuts nothing
  const cut = new Set();
  for (const { box, element, text } of words) {
    for (let at = element; at && at !== document.body && at.namespaceURI.endsWith("xhtml"); at = at.parentElement) {
      const style = getComputedStyle(at), edge = at.getBoundingClientRect();
      const hides = paper ? ["hidden", "clip", "auto", "scroll"] : ["hidden", "clip"];
      const across = hides.includes(style.overflowX) && (box.right > edge.right + 2 || box.left < edge.left - 2);
      const down = hides.includes(style.overflowY) && (box.bottom > edge.bottom + 6 || box.top < edge.top - 6);
      if (across || down) { cut.add(text); break; }
      if (paper) { continue; }
      if (["auto", "scroll"].includes(style.overflowX) || ["auto", "scroll"].includes(style.overflowY)) { break; }
    }
  }

  // the letters fill three fifths of a line's box, the rest is its leading
  const letters = ({ box }) => ({ top: box.top + 0.2 * box.height, bottom: box.bottom - 0.2 * box.height });
  const over = new Set();
  words.sort((a, b) => a.box.top - b.box.top);
  words.forEach((one, index) => {
    for (let next = index + 1; next < words.length && words[next].box.top < one.box.bottom; next += 1) {
      const other = words[next], above = letters(one), below = letters(other);
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(above.bottom, below.bottom) - Math.max(above.top, below.top);
      if (across > 2 && down > 1) { over.add(`${one.text} | ${other.text}`); }
    }
  });
  return { beyond: Math.max(0, page.scrollWidth - wide.clientWidth), cut: [...cut], over: [...over], texts: words.length };
}
