using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn data check PATH</c></summary>
internal static class DataCheckCommand
{
    private const int LinesShown = 20;

    public static Command Create(CommandHost host)
    {
        var path = new Argument<string>("PATH") { Description = "Data set, as for `gpucnn train --data`." };
        var command = new Command("check", "Decodes every image of a data set and lists all that is wrong with it.") { path };
        command.SetAction(parsed =>
        {
            string data = parsed.GetValue(path)!;
            DatasetReport report = DatasetCheck.Run(data);
            Write(host.Output, report);
            if (report.IsUsable) return Program.Done;
            int wrong = report.Unreadable.Count + report.Problems.Count;
            throw new GpuCnnException($"Data set '{data}' cannot be trained on: {Words.Count(wrong, "problem is", "problems are")} listed above; correct them and check again.");
        });
        return command;
    }

    private static void Write(TextWriter output, DatasetReport report)
    {
        output.WriteLine(report.Description);
        foreach (SplitReport split in report.Splits)
        {
            output.WriteLine($"\n{split.Name}: {Words.Count(split.Images, "image", "images")}, {Words.Number(split.RgbImages)} RGB and {Words.Number(split.GrayImages)} gray, "
                + $"width {Describe(split.Width)}, height {Describe(split.Height)}");
            var table = new TextTable("class", ">images");
            for (int label = 0; label < report.Classes.Count; label++) table.Add(report.Classes[label], Words.Number(split.ImagesPerClass[label]));
            table.Write(output);
        }
        WriteList(output, "Images that cannot be read", [.. report.Unreadable.Select(image => image.Reason)]);
        WriteList(output, "Problems", report.Problems);
        WriteList(output, "Pictures that are in both training and validation, which flatters the accuracy",
            [.. report.Duplicates.Select(pair => $"{pair.Training} = {pair.Validation}")]);
        if (report.IsUsable) output.WriteLine("\nGood to train on.");
    }

    private static void WriteList(TextWriter output, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0) return;
        output.WriteLine($"\n{title}: {Words.Number(lines.Count)}");
        foreach (string line in lines.Take(LinesShown)) output.WriteLine($"  {line}");
        if (lines.Count > LinesShown) output.WriteLine($"  and {Words.Number(lines.Count - LinesShown)} more");
    }

    private static string Describe(Extent extent) =>
        extent.Minimum == extent.Maximum ? $"{extent.Minimum}" : $"{extent.Minimum} to {extent.Maximum} (median {extent.Median})";
}
