/** What goes through the tunnel, drawn for the eye and said in words; the words say the same. */
import { type ReactElement, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { bytes } from '../../format/units.ts';
import { i18n, useText } from '../../i18n/text.ts';
import type { Sample } from '../../stores/throughput.ts';
import { useApp } from '../../stores/use-app.ts';
import { heightOf, spanOf, summaryOf } from './throughput-model.ts';
import classes from './throughput-graph.module.css';

const HEIGHT = 60;
const NONE: readonly Sample[] = [];

export function ThroughputGraph({ profile }: { readonly profile: string }): ReactElement | null {
  const t = useText();
  const samples = useApp((state) => state.throughput[profile]?.samples ?? NONE);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useApp((state) => state.settings?.theme);

  useEffect(() => {
    const host = place.current;
    if (!host) return undefined;
    plot.current = new uPlot(options(host), dataOf(NONE), host);
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: host.clientWidth, height: HEIGHT }),
    );
    resized.observe(host);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => plot.current?.redraw(false);
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      resized.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(samples)), [samples, theme]);

  const { received, sent, peak } = summaryOf(samples);
  const rate = (octets: number): string => t('graph.rate', { amount: bytes(octets, i18n.locale) });
  return (
    <figure className={classes['figure']}>
      <figcaption className={classes['peak']}>{t('graph.peak', { rate: rate(peak) })}</figcaption>
      <div className={classes['plot']} ref={place} aria-hidden="true" />
      <p className={classes['caption']}>
        <span className={classes['received']}>{t('graph.received', { rate: rate(received) })}</span>
        <span className={classes['sent']}>{t('graph.sent', { rate: rate(sent) })}</span>
      </p>
    </figure>
  );
}

/** uPlot counts in seconds. */
function dataOf(samples: readonly Sample[]): uPlot.AlignedData {
  return [
    samples.map(({ at }) => at / 1000),
    samples.map(({ received }) => received),
    samples.map(({ sent }) => sent),
  ];
}

function options(host: HTMLElement): uPlot.Options {
  // Read at each drawing, so that a change of theme counts. A custom property would come unresolved; a colour does not.
  const colour = (name: string, of: 'borderTopColor' | 'outlineColor') => (): string => {
    const place = host.parentElement?.querySelector(`.${classes[name]}`);
    return place ? getComputedStyle(place, '::before')[of] : '';
  };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    padding: [1, 0, 1, 0],
    cursor: { show: false },
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { range: (_, first, last) => spanOf(first, last) },
      y: { range: (_, _least, most) => heightOf(most) },
    },
    series: [
      {},
      {
        stroke: colour('received', 'borderTopColor'),
        fill: colour('received', 'outlineColor'),
        width: 2,
        points: { show: false },
      },
      { stroke: colour('sent', 'borderTopColor'), dash: [4, 3], width: 2, points: { show: false } },
    ],
  };
}
