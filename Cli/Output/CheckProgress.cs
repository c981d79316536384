using System.Diagnostics;

namespace GpuCnn.Cli.Output;

/// <summary>
/// Shows the progress of looking at many images on standard error: a moving line on a terminal, else a line now and then.
/// </summary>
internal sealed class CheckProgress(CommandHost host)
{
    private readonly TimeSpan _pause = host.IsTerminal ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromSeconds(20);
    private readonly Lock _gate = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last = Stopwatch.GetTimestamp();
    private int _width;

    /// <summary>Shows how many images are done, of how many. May be called from several threads.</summary>
    public void Show(int done, int all) => Show(done, (int?)all);

    /// <param name="all">Null if it is unknown.</param>
    /// <param name="one">Word for one of what is counted.</param>
    /// <param name="many">Word for several.</param>
    public void Show(int done, int? all, string one = "image", string many = "images")
    {
        if (Stopwatch.GetElapsedTime(Volatile.Read(ref _last)) < _pause) return;
        lock (_gate)
        {
            if (Stopwatch.GetElapsedTime(_last) < _pause) return;
            Volatile.Write(ref _last, Stopwatch.GetTimestamp());
            double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds, rate = done / seconds;
            string line = all is { } count
                ? $"{Words.Number(done)} of {Words.Count(count, one, many)}, {Words.Rate(rate)} a second, "
                    + $"{Words.Clock((count - done) / rate)} left"
                : $"{Words.Count(done, one, many)}, {Words.Rate(rate)} a second";
            if (host.IsTerminal) host.Error.Write($"\r{line.PadRight(_width)}");
            else host.Error.WriteLine(line);
            _width = line.Length;
        }
    }

    /// <summary>Clears the moving line.</summary>
    public void Clear()
    {
        if (host.IsTerminal && _width > 0) host.Error.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }
}
