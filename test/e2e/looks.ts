/**
 * What is to be seen on a page without a person who looks: text that is cut off or sticks out, controls that forced
 * colours let vanish, what still moves for those who asked for stillness. Each answers with faults, in words; none is good.
 */
import type { Page } from 'playwright-core';
import { MIN_SIZE } from '#electron/saved.ts';

/** Sizes to fit in: the smallest window (electron/saved.ts), and the same one at 200 % zoom, which leaves the page half of it. */
export const SMALL = [MIN_SIZE, { width: MIN_SIZE.width / 2, height: MIN_SIZE.height / 2 }] as const;

/**
 * Whatever scrolls sideways; every text that is cut off without its whole in a title, or to less than a word, or sticks out
 * of its control; and content that bar and foot leave no room for. Text that is only for screen readers is not looked at.
 */
export const spills = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const faults = new Set<string>();
    const nameOf = (element: Element): string =>
      `<${element.tagName.toLowerCase()}> “${(element.textContent ?? '').trim().slice(0, 40)}”`;
    const scrolls = /auto|scroll/;
    const cuts = /hidden|clip/;
    for (const element of document.querySelectorAll('*')) {
      const sideways = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
      if (
        sideways &&
        (element === document.documentElement || scrolls.test(getComputedStyle(element).overflowX))
      )
        faults.add(`scrolls sideways: ${nameOf(element)}`);
    }
    for (const main of document.querySelectorAll('main')) {
      if (main.clientHeight < Math.min(main.scrollHeight, 100))
        faults.add(`has ${main.clientHeight} pixels left: ${nameOf(main)}`);
    }
    for (const foot of document.querySelectorAll('footer')) {
      const around = foot.parentElement;
      const isReached = around !== null && scrolls.test(getComputedStyle(around).overflowY);
      if (!isReached && foot.getBoundingClientRect().bottom > innerHeight + 1)
        faults.add(`is below the end of the window: ${nameOf(foot)}`);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!parent?.checkVisibility() || parent.closest('option') || !node.textContent?.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      if (text.width === 0) continue;
      let isCut = false;
      for (let around: Element | null = parent; around; around = around.parentElement) {
        const box = around.getBoundingClientRect();
        // Only for screen readers.
        if (box.width <= 2) isCut = true;
        if (isCut) break;
        const style = getComputedStyle(around);
        const isWide = text.right > box.right + 1 || text.left < box.left - 1;
        const isHigh = text.bottom > box.bottom + 2;
        isCut = (isWide && cuts.test(style.overflowX)) || (isHigh && cuts.test(style.overflowY));
        if (isCut && isWide && box.width < Math.min(text.width, 60))
          faults.add(`is cut off to ${Math.round(box.width)} pixels: ${nameOf(parent)}`);
        const isTold = around.hasAttribute('title') || around.querySelector('[title]') !== null;
        if (isCut && !isTold)
          faults.add(`is cut off without a title: ${nameOf(parent)} by ${nameOf(around)}`);
        if (!isCut && isWide && around.matches('button, summary, legend'))
          faults.add(`sticks out of its control: ${nameOf(around)}`);
        if (scrolls.test(style.overflowY) || style.position === 'fixed') break;
      }
      if (!isCut && (text.right > innerWidth + 1 || text.left < -1))
        faults.add(`sticks out of the window: ${nameOf(parent)}`);
    }
    return [...faults];
  });

/** Controls that a pointer does not reach where they are drawn, once they are scrolled to: something else lies over them. */
export const covered = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const faults: string[] = [];
    const over = document.querySelector('[role="dialog"], [role="alertdialog"]') ?? document;
    for (const control of over.querySelectorAll('button, input, select, textarea')) {
      if (!control.checkVisibility()) continue;
      control.scrollIntoView({ block: 'nearest' });
      const { left, top, width, height } = control.getBoundingClientRect();
      // Only for screen readers.
      if (width <= 2) continue;
      const found = document.elementFromPoint(left + width / 2, top + height / 2);
      const label = control.closest('label');
      const isReached = found !== null && (control.contains(found) || label?.contains(found) === true);
      const name = control.getAttribute('aria-label') ?? control.textContent ?? '';
      if (!isReached)
        faults.push(
          `<${control.tagName.toLowerCase()}> “${name.trim().slice(0, 40)}” is under <${found?.tagName.toLowerCase() ?? 'nothing'}>`,
        );
    }
    return faults;
  });

/** Controls without a visible edge, drawings without a visible line, switches whose two positions look alike. */
export const vanished = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const faults = new Set<string>();
    const nameOf = (element: Element): string =>
      `<${element.tagName.toLowerCase()}> “${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}”`;
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    /** Whatever the notation: what it paints over a page of that colour. */
    const painted = (colour: string, over: string): string => {
      if (!canvas) throw new Error('the page has no canvas');
      canvas.globalCompositeOperation = 'source-over';
      for (const style of [over, colour]) {
        canvas.fillStyle = style;
        canvas.fillRect(0, 0, 1, 1);
      }
      return canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
    };
    const surface = getComputedStyle(document.body).backgroundColor;
    const isSeen = (colour: string, over = surface): boolean =>
      painted(colour, surface) !== painted(over, surface);
    // One that we draw ourselves says by a background whether it is on, and backgrounds are gone.
    for (const box of document.querySelectorAll('input:is([type="checkbox"], [type="radio"]):not([role])'))
      if (box.checkVisibility() && getComputedStyle(box).appearance === 'none')
        faults.add(`is not the system's own: ${nameOf(box)}`);
    for (const control of document.querySelectorAll('button, input, select, textarea')) {
      if (
        !control.checkVisibility() ||
        control.matches('[tabindex="-1"], [type="checkbox"]:not([role]), [type="radio"]')
      )
        continue;
      const style = getComputedStyle(control);
      const hasEdge =
        Number.parseFloat(style.borderTopWidth) > 0 &&
        style.borderTopStyle !== 'none' &&
        isSeen(style.borderTopColor);
      // A row of a list has the list's lines; a link that unfolds is underlined.
      const isInList = control.closest('li') !== null && Number.parseFloat(style.borderTopWidth) === 0;
      const isUnderlined =
        style.textDecorationLine.includes('underline') && isSeen(style.textDecorationColor);
      if (!hasEdge && !isInList && !isUnderlined) faults.add(`has no edge: ${nameOf(control)}`);
      if (control.matches('[role="switch"]')) {
        const knob = getComputedStyle(control, '::before').backgroundColor;
        if (!isSeen(knob, style.backgroundColor)) faults.add(`has no knob: ${nameOf(control)}`);
      }
    }
    /** What tells a chosen one from its neighbour, beside colours. */
    const shapeOf = (element: Element): string => {
      const { outlineStyle, outlineWidth, borderWidth, fontWeight } = getComputedStyle(element);
      return [
        outlineStyle,
        outlineWidth,
        borderWidth,
        fontWeight,
        element.querySelectorAll('svg').length,
      ].join();
    };
    for (const chosen of document.querySelectorAll('[data-chosen="true"], [aria-current="true"]')) {
      const others = chosen.matches('li')
        ? '[data-chosen="false"]'
        : 'button:first-child:not([aria-current])';
      const other = chosen.closest('ul, ol')?.querySelector(others);
      if (chosen.checkVisibility() && other && shapeOf(chosen) === shapeOf(other))
        faults.add(`is chosen and looks like the others: ${nameOf(chosen)}`);
    }
    for (const line of document.querySelectorAll('svg path, svg circle')) {
      if (!line.checkVisibility()) continue;
      const { stroke, fill } = getComputedStyle(line);
      const svg = line.closest('svg');
      const body = svg?.querySelector('path');
      const behind = body && body !== line ? getComputedStyle(body).fill : 'none';
      const over = behind === 'none' ? surface : behind;
      const drawn = [stroke, fill].some((colour) => colour !== 'none' && isSeen(colour, over));
      if (!drawn) faults.add(`is not drawn: ${svg?.parentElement ? nameOf(svg.parentElement) : 'a drawing'}`);
    }
    return [...faults];
  });

/** Brings to its end what a click before began to move. */
export const settle = (page: Page): Promise<void> =>
  page.evaluate(() => {
    for (const animation of document.getAnimations()) {
      // One without an end is for `moving` to tell.
      if (animation.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY) animation.finish();
    }
  });

/** What runs on for longer than a frame. */
export const moving = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    document.getAnimations().flatMap((animation) => {
      const { duration, iterations } = animation.effect?.getComputedTiming() ?? {};
      const lasts = typeof duration === 'number' && duration > 16;
      const target = animation.effect instanceof KeyframeEffect ? animation.effect.target : null;
      const what = animation instanceof CSSAnimation ? animation.animationName : 'a transition';
      return lasts
        ? [`${what} of ${duration} ms, ${iterations} times: <${target?.tagName.toLowerCase()}>`]
        : [];
    }),
  );

/** The same for what would move: transitions that a hover or a change would start. */
export const wouldMove = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found = new Set<string>();
    for (const element of document.querySelectorAll('*')) {
      for (const pseudo of [undefined, '::before', '::after']) {
        const { transitionDuration, animationDuration, animationName, scrollBehavior } = getComputedStyle(
          element,
          pseudo,
        );
        const isLong = (durations: string): boolean =>
          durations
            .split(',')
            .some((one) => Number.parseFloat(one) * (one.trim().endsWith('ms') ? 1 : 1000) > 16);
        if (isLong(transitionDuration)) found.add(`transition: <${element.tagName.toLowerCase()}>`);
        if (animationName !== 'none' && isLong(animationDuration)) found.add(`animation: ${animationName}`);
        if (scrollBehavior === 'smooth') found.add(`scrolling: <${element.tagName.toLowerCase()}>`);
      }
    }
    return [...found];
  });
