// Lists what is too faint to read or to find: text below 4.5:1 (3:1 when large), symbols and the
// edges of controls below 3:1, each as a line for a person.
(() => {
  const parse = (color) => {
    const numbers = color.match(/-?[\d.]+(e-?\d+)?/g)?.map(Number);
    if (!numbers || !/^(rgba?|color\(srgb)/.test(color)) throw new Error(`cannot read ${color}`);
    const scale = color.startsWith("color") ? 255 : 1;
    const [r, g, b, a = 1] = numbers;
    return { r: r * scale, g: g * scale, b: b * scale, a };
  };
  const over = (top, below) => {
    const mix = (x, y) => x * top.a + y * (1 - top.a);
    return { r: mix(top.r, below.r), g: mix(top.g, below.g), b: mix(top.b, below.b), a: 1 };
  };
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((it) => {
      const part = it / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  // What is behind an element's content, and how much of the content its opacity lets through.
  const ground = (element) => {
    const layers = [];
    for (let it = element; it; it = it.parentElement) {
      const color = parse(getComputedStyle(it).backgroundColor);
      if (getComputedStyle(it).backgroundImage !== "none") throw new Error("a picture behind text");
      layers.push(color);
      if (color.a === 1) break;
    }
    if (layers.at(-1).a !== 1) throw new Error("nothing behind the page");
    return layers.reduceRight((below, top) => over(top, below));
  };
  const opacity = (element) => {
    let product = 1;
    for (let it = element; it; it = it.parentElement) product *= Number(getComputedStyle(it).opacity);
    return product;
  };
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    const drawn = element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
    return drawn && box.width > 1 && box.height > 1;
  };

  const faint = [];
  let measured = 0;
  const check = (element, style, least, what) => {
    const below = ground(element);
    const color = parse(style.color);
    color.a *= opacity(element);
    const ratio = contrast(over(color, below), below);
    measured += 1;
    if (ratio < least) faint.push(`${ratio.toFixed(2)}:1 ${what} (${style.color})`);
  };
  const least = (style) => {
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    return large ? 3 : 4.5;
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.data.trim();
    if (!text || element.closest("script, style, option") || !isSeen(element)) continue;
    const style = getComputedStyle(element);
    check(element, style, least(style), `"${text.slice(0, 40)}"`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (!isSeen(element)) continue;
    for (const part of ["::before", "::after"]) {
      const style = getComputedStyle(element, part);
      const text = style.content.match(/^"(.+?)"/)?.[1];
      if (text) check(element, style, least(style), `${part} "${text}"`);
    }
    if (element.matches("svg.icon")) check(element, getComputedStyle(element), 3, "symbol");
    if (element.matches("select, input")) {
      const style = getComputedStyle(element);
      check(element, style, 4.5, `what is in ${element.tagName}`);
    }
    if (element.matches("select, input:not([type=checkbox]), button")) {
      const style = getComputedStyle(element);
      if (parseFloat(style.borderTopWidth) === 0) continue;
      const around = ground(element.parentElement);
      const ratio = contrast(parse(style.borderTopColor), around);
      measured += 1;
      if (ratio < 3) faint.push(`${ratio.toFixed(2)}:1 edge of ${element.tagName}`);
    }
  }
  return { faint, measured };
})()
