/**
 * The state as a shape, the same as in the tray: a shield struck through, one half filled, one closed with a tick, a
 * triangle that wants attention; and in the window only one of dots and dashes while a tunnel is taken down, and an
 * octagon with a bar while lockdown lets nothing out.
 */
import type { ReactElement } from 'react';
import type { Mark } from '../features/tunnel/presentation.ts';
import classes from './state-mark.module.css';

const SHIELD = 'M48 10 80 21v25c0 20-13 34-32 41C29 80 16 66 16 46V21z';
const FILLING = 'M18.5 52h59c-2.600 16-13.5 26.5-29.5 32.8C32 78.5 21.1 68 18.5 52z';
const TRIANGLE = 'M48 14 88 82H8z';

const OCTAGON = 'M33 12h30l21 21v30L63 84H33L12 63V33z';

const DRAWINGS: Readonly<
  Record<Mark, readonly (readonly [part: 'body' | 'sign' | 'filling', path: string])[]>
> = {
  exposed: [
    ['body', SHIELD],
    ['sign', 'M14 10 82 86'],
  ],
  blocked: [
    ['body', OCTAGON],
    ['sign', 'M32 48h32'],
  ],
  securing: [
    ['body', SHIELD],
    ['filling', FILLING],
  ],
  secured: [
    ['body', SHIELD],
    ['sign', 'M33 48l11 11 20-22'],
  ],
  leaving: [
    ['body', SHIELD],
    ['sign', 'M34 48h.01M48 48h.01M62 48h.01'],
  ],
  attention: [
    ['body', TRIANGLE],
    ['sign', 'M48 38v20M48 69.5v.5'],
  ],
};

export function StateMark({ mark }: { readonly mark: Mark }): ReactElement {
  return (
    <svg className={`${classes['mark']} ${classes[mark]}`} viewBox="0 0 96 96" aria-hidden="true">
      {DRAWINGS[mark].map(([part, path]) => (
        <path className={classes[part]} d={path} key={part} />
      ))}
    </svg>
  );
}
