namespace GpuCnn.Bench.Compare;

/// <summary>Writes the comparison as Markdown, line by line as it comes: the same text on the console and in a file.</summary>
internal sealed class MarkdownReport(TextWriter output)
{
    private static readonly string[] Titles = ["Operator", "Pass", "Ours, ms", "PyTorch, ms", "Ours", "PyTorch", "Unit", "Ratio", "Rounds", "Dropped"];
    private static readonly int[] Widths = [46, 18, 9, 11, 8, 8, 8, 7, 6, 7];

    // The first columns hold words.
    private const int LeftAligned = 2;

    public void Begin(IEnumerable<KeyValuePair<string, string>> machine)
    {
        foreach ((string name, string value) in machine) output.WriteLine($"- {name}: {value}");
        output.WriteLine("- Ratio: our speed by PyTorch's, of medians over the rounds. \"!\" marks rows in which no round had all cores to itself: not to be relied on.");
        output.WriteLine("- GFLOP/s counts a multiply-add as 2, and every convolution as direct. GB/s counts every tensor once.");
        output.WriteLine("- PyTorch has contiguous NCHW tensors, made beforehand, and allocates its outputs. Ours is every launch of the pass in our own layout.");
        output.WriteLine();
        WriteRow(Titles);
        WriteRow([.. Widths.Select((width, i) => i < LeftAligned ? new string('-', width) : new string('-', width - 1) + ":")]);
        output.Flush();
    }

    public void Add(Comparison row)
    {
        WriteRow([
            row.Workload.Name, row.Workload.Pass, $"{row.OurSeconds * 1e3:F3}", $"{row.PeerSeconds * 1e3:F3}", $"{row.OurRate:F1}", $"{row.PeerRate:F1}",
            row.Workload.Work.Unit, $"{row.Ratio:F2}{(row.IsQuiet ? "" : " !")}", $"{row.Kept}", $"{row.Dropped}"]);
        output.Flush();
    }

    /// <param name="peak">The best FLOP/s seen by the end.</param>
    public void End(IReadOnlyCollection<Comparison> rows, double peak)
    {
        output.WriteLine();
        foreach (var group in rows.GroupBy(row => row.Workload.Group))
            output.WriteLine($"- {group.Key}: geometric mean of ratios {Statistics.GeometricMean(group.Select(row => row.Ratio)):F2}, rows {group.Count()}, slower than PyTorch {group.Count(row => row.Ratio < 1)}");
        output.WriteLine($"- Rounds dropped: {rows.Sum(row => row.Dropped)} of {rows.Sum(row => row.Dropped + row.Kept)}; best peak seen {peak / 1e9:F0} GFLOP/s");
        output.Flush();
    }

    private void WriteRow(IReadOnlyList<string> cells) =>
        output.WriteLine($"| {string.Join(" | ", cells.Select((cell, i) => i < LeftAligned ? cell.PadRight(Widths[i]) : cell.PadLeft(Widths[i])))} |");
}
