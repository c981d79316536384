using GpuCnn.Cli.Output;
using GpuCnn.Engine.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace GpuCnn.Cli.Training;

/// <summary>
/// Shows a moving line at the bottom of the terminal, below a line for each epoch, and under it a plot of the last steps' loss where the
/// terminal is wide and high enough. A timer draws them; the training thread only leaves its numbers here.
/// </summary>
/// <param name="isPlain">Whether to draw in ASCII.</param>
internal sealed class LiveDisplay(TextWriter output, bool isPlain) : TrainingDisplay(clock: null)
{
    private const int ShortestRow = 20, NarrowestPlot = 60, WidestPlot = 64, LowestTerminal = 12, PlotRows = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly IAnsiConsole _console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(output) });
    private readonly Lock _gate = new();

    // Spectre takes its two locks in one order to write and in the other to refresh: only one of both may run.
    private readonly Lock _drawing = new();

    private readonly LossCurve _losses = new();
    private StepReport _report;
    private double _remaining;
    private bool _isValidating;
    private string? _stopping;

    private bool IsPlain => isPlain;

    public override void StepDone(in StepReport report)
    {
        base.StepDone(report);
        lock (_gate)
        {
            _report = report;
            _losses.Add(report.BatchLoss);
            _remaining = Remaining(report);
            _isValidating = false;
        }
    }

    public override void Validating(int epoch)
    {
        lock (_gate) _isValidating = true;
    }

    public override void EpochDone(EpochReport report) => WriteLine(EpochLine(report));

    protected override void WriteLine(string line)
    {
        // Fill whole rows, so that nothing of the moving line stays beside them.
        int width = Math.Max(ShortestRow, _console.Profile.Width - 1);
        lock (_drawing)
        {
            foreach (char[] row in line.Chunk(width)) _console.WriteLine(new string(row).PadRight(width));
        }
    }

    public override void Stopping(string what)
    {
        lock (_gate) _stopping = what;
    }

    protected override TrainingOutcome Show(Func<ITrainingObserver, TrainingOutcome> train) =>
        _console.Live(new Line(this)).AutoClear(true).Start(context =>
        {
            using var timer = new Timer(_ => Refresh(context), null, Pause, Pause);
            try
            {
                return train(this);
            }
            finally
            {
                // Waits for a refresh that is under way, which must not come after the display is cleared.
                using var idle = new ManualResetEvent(false);
                if (timer.Dispose(idle)) idle.WaitOne();
            }
        });

    private void Refresh(LiveDisplayContext context)
    {
        // The next refresh is soon enough.
        if (!_drawing.TryEnter()) return;
        try
        {
            context.Refresh();
        }
        catch (IOException)
        {
            // The terminal is gone; the run goes on to its checkpoint.
        }
        finally
        {
            _drawing.Exit();
        }
    }

    /// <summary>The line's parts, the most important last to be left out on a narrow terminal.</summary>
    private IReadOnlyList<string> Parts()
    {
        lock (_gate)
        {
            if (_stopping is not null) return [_stopping, $"step {Words.Number(_report.Step)}"];
            if (_report.TotalSteps == 0) return ["reading images"];
            return
            [
                $"epoch {_report.Epoch}/{_report.Epochs}",
                _isValidating ? "validating" : $"{100 * _report.StepsInEpoch / _report.StepsPerEpoch,3} %",
                $"loss {_report.EpochLoss:0.000}",
                $"{Words.Clock(_remaining)} left",
                $"{Top1} {Words.Percent(_report.EpochTop1)}",
                .. Waiting(_report.WaitingShare) is { Length: > 0 } waiting ? (string[])[waiting.Trim()] : [],
                $"{Words.Rate(_report.ImagesPerSecond)} images/s",
            ];
        }
    }

    /// <summary>The plot of the last steps; no lines where the terminal is too small, or before there is a curve.</summary>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="height">Rows of the terminal.</param>
    internal IReadOnlyList<string> Plot(int width, int height)
    {
        if (width < NarrowestPlot || height < LowestTerminal) return [];
        IReadOnlyList<double> values;
        lock (_gate) values = _losses.Values();
        if (values.Count == 0) return [];
        string title = $"loss of the last {values.Count} steps";
        return [.. TextPlot.Labelled(values, Math.Min(width, WidestPlot) - 1, PlotRows, isPlain), title];
    }

    private double Share()
    {
        lock (_gate) return _report.TotalSteps == 0 ? 0 : (double)_report.Step / _report.TotalSteps;
    }

    private sealed class Line(LiveDisplay display) : Renderable
    {
        private const int LongestBar = 24, ShortestBar = 8, RoomForBar = 48;

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            // The last column stays free: some terminals break the line when it is written.
            int room = maxWidth - 1, bar = room < RoomForBar ? 0 : Math.Clamp(room / 5, ShortestBar, LongestBar);
            string text = "";
            foreach (string part in display.Parts())
            {
                string longer = text.Length == 0 ? part : $"{text}  {part}";
                if (longer.Length > room - bar - 2) break;
                text = longer;
            }
            // An empty line above, because Spectre moves the cursor up by the other lines: by 0 terminals move it by 1.
            yield return Segment.LineBreak;
            if (bar > 0)
            {
                int done = (int)(display.Share() * bar);
                (char full, char empty) = options.Unicode && !display.IsPlain ? ('━', '─') : ('#', '-');
                yield return new Segment(new string(full, done), new Style(Color.Green));
                yield return new Segment(new string(empty, bar - done) + "  ", new Style(Color.Grey));
            }
            // Spaces clear the rest of a longer line.
            yield return new Segment(text.PadRight(room - (bar > 0 ? bar + 2 : 0)));
            foreach (string row in display.Plot(maxWidth, options.ConsoleSize.Height))
            {
                yield return Segment.LineBreak;
                yield return new Segment(row.PadRight(room), new Style(Color.Grey));
            }
        }
    }
}
