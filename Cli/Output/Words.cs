using System.Globalization;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Output;

/// <summary>Writes quantities as people read them.</summary>
internal static class Words
{
    /// <summary>61,706</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>4.8 MiB</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => Scaled(bytes, 1 << 10, "KiB"),
        < 1 << 30 => Scaled(bytes, 1 << 20, "MiB"),
        _ => Scaled(bytes, 1 << 30, "GiB"),
    };

    /// <summary>97.8 %</summary>
    public static string Percent(double fraction) => string.Create(CultureInfo.InvariantCulture, $"{fraction * 100:0.0} %");

    /// <summary>95 % interval 94.1 to 99.0 %</summary>
    public static string Interval(WilsonInterval interval) =>
        string.Create(CultureInfo.InvariantCulture, $"95 % interval {interval.Low * 100:0.0} to {interval.High * 100:0.0} %");

    /// <summary>Whether the right class among five is news: of fewer than six classes it always is.</summary>
    public static bool HasTop5(int classes) => classes > 5;

    /// <summary>416 thousand, 15.5 billion: at most three digits.</summary>
    public static string Rounded(long value) => value switch
    {
        < 10_000 => Number(value),
        < 1_000_000 => $"{value / 1e3:G3} thousand",
        < 1_000_000_000 => $"{value / 1e6:G3} million",
        _ => $"{value / 1e9:G4} billion",
    };

    /// <summary>Images a second: whole from 100 on.</summary>
    public static string Rate(double rate) => rate.ToString(rate < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    /// <summary>0:42, 12:05 or 3:02:11</summary>
    public static string Clock(double seconds)
    {
        TimeSpan span = TimeSpan.FromSeconds(Math.Clamp(Math.Round(seconds), 0, 1e8));
        return span.TotalHours < 1 ? $"{span.Minutes}:{span.Seconds:00}" : $"{(long)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}";
    }

    /// <summary>34.2 s, or from two minutes on 2 min 30 s</summary>
    public static string Seconds(double seconds) => seconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s")
        : $"{(long)(seconds / 60)} min {(long)seconds % 60} s";

    /// <summary>"1 class", "4 classes"</summary>
    public static string Count(long count, string one, string many) => $"{Number(count)} {(count == 1 ? one : many)}";

    /// <summary>Quotes a path for a shell.</summary>
    public static string Quote(string path) => path.Any(c => char.IsWhiteSpace(c) || "'\"$&;()<>|*?[]#~`\\!".Contains(c))
        ? OperatingSystem.IsWindows() ? $"\"{path}\"" : $"'{path.Replace("'", "'\\''")}'"
        : path;

    private static string Scaled(long bytes, long unit, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / unit:0.0} {name}");
}
