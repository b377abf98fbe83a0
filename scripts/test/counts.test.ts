import { describe, expect, it } from 'vitest';
import { closingLine, counts, fromJson, fromJunit, settle, sum } from './counts.mjs';

const JUNIT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="unit_tests" errors="1" failures="1" tests="6">
    <testcase classname="core.cc" name="a &lt;quick&gt; test" time="0.000003" status="run"/>
    <testcase classname="core.cc" name="a &gt; b, as &quot;text&quot;" time="0.1" status="run"></testcase>
    <testcase classname="ring.cc" name="keeps order" time="0.1" status="run">
      <failure message="1 == 2" type="CHECK"><![CDATA[
ring.cc:10: values: CHECK( 1 == 2 )
]]></failure>
      <failure message="3 == 4" type="CHECK"></failure>
    </testcase>
    <testcase classname="ring.cc" name="throws" time="0" status="run">
      <error message="exception">
        unknown
      </error>
    </testcase>
    <testcase classname="ring.cc" name="left out" status="skipped"/>
  </testsuite>
</testsuites>
`;

describe('counting reports', () => {
  it('each JUnit test case is counted once, however many of its checks failed', () => {
    const found = fromJunit(JUNIT);
    expect(found.passed).toBe(2);
    expect(found.failed).toBe(2);
    expect(found.failures).toEqual(['keeps order: 1 == 2', 'throws: exception']);
    expect(found.skips.map((skip) => skip.name)).toEqual(['left out']);
  });

  it('a JUnit report that a crash cut short is refused', () => {
    expect(() => fromJunit(JUNIT.slice(0, JUNIT.indexOf('</testsuites>')))).toThrow('not whole');
    expect(() => fromJunit('')).toThrow('not whole');
  });

  it('a JSON report that holds no counts is refused', () => {
    expect(() => fromJson('{"passed": 3}')).toThrow('no counts');
    expect(() => fromJson('null')).toThrow('no counts');
    expect(() => fromJson('{"passed": 1.5, "failed": 0, "skips": []}')).toThrow('no counts');
    expect(fromJson(JSON.stringify(counts({ passed: 3 }))).passed).toBe(3);
  });
});

describe('what a stage counts', () => {
  it('a stage counts a clean report as it is', () => {
    expect(settle('unit', counts({ passed: 7 }), null)).toEqual(counts({ passed: 7 }));
  });

  it('a stage without a report fails, however it ended', () => {
    expect(settle('unit', null, null).failed).toBe(1);
    const crashed = settle('unit', null, 'signal SIGSEGV');
    expect(crashed.failed).toBe(1);
    expect(crashed.failures).toEqual(['unit: no report (signal SIGSEGV)']);
  });

  it('a stage fails when all its tests passed but its runner did not end well', () => {
    const found = settle('native-tsan', counts({ passed: 40 }), 'exit code 66');
    expect([found.passed, found.failed]).toEqual([40, 1]);
  });

  it('a stage does not count a failing runner twice when its tests failed', () => {
    expect(settle('unit', counts({ passed: 1, failed: 2 }), 'exit code 1').failed).toBe(2);
  });

  it('a stage that executed no test fails, skipped ones included', () => {
    expect(settle('faults', counts(), null).failed).toBe(1);
    expect(settle('faults', counts({ skips: [{ name: 'a', reason: 'b' }] }), null).failed).toBe(1);
  });
});

describe('the closing line', () => {
  it('the closing line names skips only when there are any', () => {
    expect(closingLine(counts({ passed: 12, failed: 0 }))).toBe('12 passed, 0 failed');
    const skips = [{ name: 'a', reason: 'no such device' }];
    expect(closingLine(sum([counts({ passed: 1 }), counts({ failed: 2, skips })]))).toBe(
      '1 passed, 2 failed, 1 skipped',
    );
  });
});
