using System.Globalization;
using GpuCnn.Bench.Workloads;

namespace GpuCnn.Bench.Compare;

/// <summary>Writes the comparison as Markdown, line by line as results come: the same text on the console and in a file.</summary>
internal sealed class MarkdownReport(TextWriter output)
{
    private static readonly string[] Titles =
        ["Operator", "Pass", "Ours, ms", "PyTorch, ms", "Ours", "PyTorch", "Unit", "Ratio", "Rounds", "Dropped"];
    private static readonly int[] Widths = [46, 24, 9, 11, 8, 8, 8, 7, 6, 7];

    // The first columns hold words.
    private const int LeftAligned = 2;

    /// <param name="notes">How to read the table.</param>
    public void Begin(IEnumerable<KeyValuePair<string, string>> machine, IEnumerable<string> notes)
    {
        foreach ((string name, string value) in machine) output.WriteLine($"- {name}: {value}");
        foreach (string note in notes) output.WriteLine($"- {note}");
        output.WriteLine();
        WriteRow(Titles);
        WriteRow([.. Widths.Select((width, i) => i < LeftAligned ? new string('-', width) : new string('-', width - 1) + ":")]);
        output.Flush();
    }

    public void Add(Comparison row)
    {
        WriteRow([
            row.Workload.Name, row.Workload.Label, Cell(row.OurSeconds * 1e3, 3), Cell(row.PeerSeconds * 1e3, 3), Cell(row.OurRate, 1),
                Cell(row.PeerRate, 1),
            row.Workload.Work.Unit, Cell(row.Ratio, 2) + (row.IsQuiet ? "" : " !"), $"{row.Kept}", $"{row.Dropped}"]);
        output.Flush();
    }

    /// <summary>Writes a row that could not be measured.</summary>
    public void Add(Workload workload, string reason)
    {
        WriteRow([workload.Name, workload.Label, reason, .. Enumerable.Repeat("", Titles.Length - LeftAligned - 1)]);
        output.Flush();
    }

    /// <param name="remarks">Lines to add at the end.</param>
    public void End(IReadOnlyCollection<Comparison> rows, IEnumerable<string> remarks)
    {
        output.WriteLine();
        foreach (var group in rows.Where(row => row.Ratio is not null).GroupBy(row => row.Workload.Group))
        {
            output.WriteLine(
                $"- {group.Key}: geometric mean of ratios {Statistics.GeometricMean(group.Select(row => row.Ratio!.Value)):F2}, " +
                $"rows {group.Count()}, slower than PyTorch {group.Count(row => row.Ratio < 1)}");
        }
        foreach (var setting in rows.Where(row => row.Setting is not null).GroupBy(row => row.Setting))
            output.WriteLine($"- PyTorch was fastest with {setting.Key} in: {string.Join("; ", setting.Select(row => row.Workload))}");
        foreach (string remark in remarks) output.WriteLine($"- {remark}");
        output.Flush();
    }

    private static string Cell(double? number, int digits) => number?.ToString($"F{digits}", CultureInfo.InvariantCulture) ?? "-";

    private void WriteRow(IReadOnlyList<string> cells) =>
        output.WriteLine(
            $"| {string.Join(" | ", cells.Select((cell, i) => i < LeftAligned ? cell.PadRight(Widths[i]) : cell.PadLeft(Widths[i])))} |");
}
