using GpuCnn.Cli.Output;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary>What a run shows while it goes: lines in a file, a plot and the time left on a terminal.</summary>
public sealed class DisplayTests
{
    /// <summary>An hour's run of 60 epochs, of 2 epochs of half an hour, and of one.</summary>
    [TestCase(60, 60, 60)]
    [TestCase(2, 1800, 2 + 1 + 2 + 2)]
    [TestCase(1, 3600, 1 + 1 + 5)]
    [TestCase(600, 6, 600)]
    public void AFileGetsALinePerEpochAndFewWithinLongOnes(int epochs, int secondsPerEpoch, int lines)
    {
        using var output = new StringWriter();
        var clock = new Clock();
        var display = new PlainDisplay(output, clock);
        display.Run(observer => Run(observer, clock, epochs, secondsPerEpoch), firstStep: 0);
        string[] written = output.ToString().TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.That(written, Has.Length.EqualTo(lines));
        Assert.That(written.Count(line => !line.Contains("  step ")), Is.EqualTo(epochs));
        if (lines == epochs) return;
        Assert.That(written[0], Does.Contain($"step 60/{secondsPerEpoch}").And.Contain("59:00 left"), "after the first minute");
        Assert.That(written[1], Does.Contain($"step 660/{secondsPerEpoch}").And.Contain("49:00 left"));
    }

    [Test]
    public void TheTimeLeftEndsAtTheLimit()
    {
        using var output = new StringWriter();
        var clock = new Clock();
        new PlainDisplay(output, clock) { Limit = TimeSpan.FromMinutes(15) }.Run(observer => Run(observer, clock, 1, 3600), firstStep: 0);
        Assert.That(output.ToString(), Does.Contain("step 60/3600").And.Contain("14:00 left").And.Contain("4:00 left"));
        Assert.That(output.ToString(), Does.Not.Contain("59:00 left"));
    }

    [TestCase(80, 24, true)]
    [TestCase(60, 12, true)]
    [TestCase(200, 60, true)]
    [TestCase(59, 24, false)]
    [TestCase(80, 11, false)]
    [TestCase(40, 10, false)]
    public void ATerminalThatIsLargeEnoughShowsTheLoss(int width, int height, bool shows)
    {
        foreach (bool isPlain in (bool[])[false, true])
        {
            using var output = new StringWriter();
            var display = new LiveDisplay(output, isPlain);
            Assert.That(display.Plot(width, height), Is.Empty, "there is no curve yet");
            for (int step = 1; step <= 250; step++) display.StepDone(Report(1, 1, step, 1000, 1000, 2.5 * Math.Exp(-step / 80.0)));
            IReadOnlyList<string> plot = display.Plot(width, height);
            Assert.That(plot, Has.Count.EqualTo(shows ? 5 : 0));
            if (!shows) continue;
            Assert.That(plot.Select(line => line.Length), Is.All.LessThan(width));
            Assert.That(plot[^1], Is.EqualTo("loss of the last 100 steps"));
            Assert.That(string.Concat(plot).All(char.IsAscii), Is.EqualTo(isPlain));
            Assert.That(plot[0].Trim(), Does.Match(@"^[0-9.]+ "), "the highest loss");
            Assert.That(double.Parse(plot[0].Trim().Split(' ')[0]), Is.GreaterThan(double.Parse(plot[3].Trim().Split(' ')[0])));
        }
    }

    /// <summary>On a slow terminal, refreshes come while a line is written.</summary>
    [Test]
    public void LinesAndRefreshesDoNotWaitForEachOther()
    {
        using var output = new SlowWriter();
        var display = new LiveDisplay(output, isPlain: true);
        int lines = 0;
        Task run = Task.Run(() => display.Run(observer =>
        {
            var epoch = new EpochReport(1, 1, 0.1f, 1, 0.5, null, 100, 1);
            for (var time = System.Diagnostics.Stopwatch.StartNew(); time.Elapsed.TotalSeconds < 1.5; lines++) observer.EpochDone(epoch);
            return new TrainingOutcome(TrainingEnd.Completed, null, null, 1);
        }, firstStep: 0));
        Assert.That(run.Wait(TimeSpan.FromSeconds(60)), "the run ends");
        Assert.That(output.Text.Split("epoch 1 ").Length - 1, Is.EqualTo(lines));
    }

    private sealed class SlowWriter : TextWriter
    {
        private readonly StringWriter _text = new();

        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public string Text => _text.ToString();

        public override void Write(char value) => _text.Write(value);

        public override void Write(string? value)
        {
            Thread.Sleep(2);
            _text.Write(value);
        }
    }

    [Test]
    public void ALossThatIsNotANumberLeavesTheCurveAsItIs()
    {
        var curve = new LossCurve();
        for (int step = 0; step < 9; step++) curve.Add(2);
        Assert.That(curve.Values(), Is.Empty);
        curve.Add(double.NaN);
        Assert.That(curve.Values(), Is.Empty);
        curve.Add(2);
        Assert.That(curve.Values(), Has.Count.EqualTo(10).And.All.EqualTo(2).Within(1e-12));
        for (int step = 0; step < 500; step++) curve.Add(1);
        Assert.That(curve.Values(), Has.Count.EqualTo(LossCurve.Steps).And.All.EqualTo(1).Within(1e-9));
    }

    [Test]
    public void APlotHasItsEndsAtTheEdges()
    {
        Assert.That(TextPlot.Draw([3, 2, 1, 0], 4, 4, isPlain: true), Is.EqualTo(new[] { "*   ", " *  ", "  * ", "   *" }));
        Assert.That(TextPlot.Draw([0, 3], 2, 4, isPlain: true), Is.EqualTo(new[] { " *", " *", " *", "* " }), "a steep part is joined");
        Assert.That(TextPlot.Draw([5, 5, 5], 3, 2, isPlain: true), Is.EqualTo(new[] { "   ", "***" }), "a constant has no range");
        Assert.That(TextPlot.Draw([0, double.NaN, 0], 3, 1, isPlain: true), Is.EqualTo(new[] { "* *" }), "a gap");
        Assert.That(TextPlot.Draw([1], 2, 1, isPlain: true), Is.EqualTo(new[] { "**" }));
        Assert.That(TextPlot.Draw([], 2, 1, isPlain: true), Is.EqualTo(new[] { "  " }));
        // Dots 1, 2, 6 and 8 of the pattern are its left column's upper two and its right column's lower two.
        Assert.That(TextPlot.Draw([3, 0], 1, 1, isPlain: false), Is.EqualTo(new[] { "\u28B1" }));
        Assert.That(TextPlot.Draw([0, 0], 1, 1, isPlain: false), Is.EqualTo(new[] { "\u28C0" }));
    }

    [TestCase(30, 5)]
    [TestCase(72, 10)]
    public void ALabelledPlotKeepsItsWidth(int width, int rows)
    {
        foreach (bool isPlain in (bool[])[false, true])
        {
            IReadOnlyList<string> lines = TextPlot.Labelled([1e-5, 12.5, 123456, double.NaN, 7], width, rows, isPlain);
            Assert.That(lines, Has.Count.EqualTo(rows));
            Assert.That(lines.Select(line => line.Length), Is.All.EqualTo(width));
            Assert.That(lines[0], Does.StartWith("1.23e+5 "));
            Assert.That(lines[^1], Does.StartWith("1.00e-5 "));
            Assert.That(TextPlot.Labelled([double.NaN], width, rows, isPlain), Is.All.EqualTo(new string(' ', width)));
        }
    }

    /// <summary>A step takes a second.</summary>
    private static TrainingOutcome Run(ITrainingObserver observer, Clock clock, int epochs, int secondsPerEpoch)
    {
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            for (int step = 1; step <= secondsPerEpoch; step++)
            {
                clock.Elapsed += TimeSpan.FromSeconds(1);
                observer.StepDone(Report(epoch, epochs, step, secondsPerEpoch, epochs * secondsPerEpoch, 1));
            }
            observer.EpochDone(new(epoch, epoch * secondsPerEpoch, 0.1f, 1, 0.5, null, 32, clock.Elapsed.TotalSeconds));
        }
        return new(TrainingEnd.Completed, null, null, epochs * secondsPerEpoch);
    }

    private static StepReport Report(int epoch, int epochs, int step, int steps, int total, double loss) =>
        new(epoch, epochs, (epoch - 1) * steps + step, total, step, steps, 0.1f, loss, 0.5, loss, 32);

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
