using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Cli.Training;
using GpuCnn.Reports;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn report DIR</c></summary>
internal static class ReportCommand
{
    public static Command Create(CommandHost host)
    {
        var folders = new Argument<string[]>("DIR")
        {
            Description = "Folder of a run; several are compared.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> output = Options.Text("--out", "FILE",
            $"Page to write. [default: {RunReport.FileName} in the run's folder; of several runs {ComparisonReport.FileName}]");
        Option<string?> device = Options.Text("--device", "D", "Where to judge the validation images. [default: the run's]",
            Engine.Devices.DeviceCatalog.Check);
        var command = new Command("report", "Writes a page about a run: curves, mistakes, settings; of several runs, what differs.")
        {
            folders, output, device,
        };
        command.SetAction(parsed =>
        {
            string[] paths = parsed.GetValue(folders)!;
            string? file = parsed.GetValue(output);
            if (paths.Length == 1) return One(host, paths[0], file, parsed.GetValue(device));
            if (parsed.GetValue(device) is not null)
                throw new UsageException("--device goes with one run; comparing several computes nothing. Leave it out.");
            file ??= ComparisonReport.FileName;
            new ComparisonReport([.. paths.Select(RunLog.Read)]).ToPage().Save(file);
            Say(host, file);
            return Program.Done;
        });
        return command;
    }

    private static int One(CommandHost host, string folder, string? file, string? device)
    {
        RunReport report = RunReports.Of(folder, device, RepeatCommand.Of);
        bool isElsewhere = file is not null;
        file ??= Path.Combine(folder, RunReport.FileName);
        report.Save(file, isElsewhere ? null : folder);
        if (!isElsewhere && report.Log.Epochs.Count > 0) ResultsFile.Save(folder, report.Log.Epochs);
        foreach (string line in report.Log.Missing.Concat(report.Missing)) LineWrap.Write(host.Output, line);
        Say(host, file);
        return Program.Done;
    }

    private static void Say(CommandHost host, string file) =>
        host.Output.WriteLine($"Report  {file}, {Words.Bytes(new FileInfo(file).Length)}");
}
