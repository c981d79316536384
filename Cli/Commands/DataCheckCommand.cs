using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn data check PATH</c></summary>
internal static class DataCheckCommand
{
    private const int LinesShown = 20, PicturesShown = 4;

    public static Command Create(CommandHost host)
    {
        var path = new Argument<string>("PATH") { Description = "Data set, as for `gpucnn train --data`." };
        Option<string?> validation = Options.Text("--val", "PATH",
            "Data set to validate on, as for `gpucnn train --val`. [default: the data set's own]");
        Option<bool> json = Options.Json;
        var command = new Command("check", "Decodes every image of a data set and lists all that is wrong with it.") { path, validation,
            json };
        command.SetAction(parsed =>
        {
            string data = parsed.GetValue(path)!;
            var progress = new CheckProgress(host);
            DatasetReport report = DatasetCheck.Run(data, parsed.GetValue(validation), progress.Show);
            progress.Clear();
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(ToJson(report)));
            else Write(host.Output, report);
            if (report.IsUsable) return Program.Done;
            int wrong = report.Unreadable.Count + report.Problems.Count + report.LeftOut.Count;
            throw new GpuCnnException($"Data set '{data}' is not clean: {Words.Count(wrong, "problem is", "problems are")} listed above; "
                + "correct them and check again.");
        });
        return command;
    }

    private static void Write(TextWriter output, DatasetReport report)
    {
        output.WriteLine(report.Description);
        foreach (SplitReport split in report.Splits)
        {
            output.WriteLine($"\n{split.Name}: {Words.Count(split.Images, "image", "images")}, width {Describe(split.Width)}, "
                + $"height {Describe(split.Height)}");
            output.WriteLine($"formats: {Describe(split.Formats)}; pixels: "
                + $"{Describe(split.Modes)}{(split.Turned > 0 ? $"; {Words.Number(split.Turned)} turned upright by EXIF" : "")}");
            var table = new TextTable("class", ">images");
            for (int label = 0; label < report.Classes.Count; label++) table.Add(report.Classes[label],
                Words.Number(split.ImagesPerClass[label]));
            table.Write(output);
        }
        WriteList(output, "Images that cannot be read", [.. report.Unreadable.Select(image => image.Reason)]);
        WriteList(output, "Problems", report.Problems);
        WriteList(output, "Files left out, for their extension or place", [.. report.LeftOut.Select(Describe)]);
        WriteList(output, "Flaws that spoil nothing", [.. report.Flaws.Select(image => $"{image.File}: {image.Reason}")]);
        WriteGroups(output, "the same", report.Duplicates);
        WriteGroups(output, "alike (dHash)", report.LookAlikes);
        WriteList(output, "Classes whose names are nearly the same", [.. report.NearNames.Select(names => string.Join(" = ", names))]);
        WriteList(output, $"Classes with fewer than {DatasetReport.FewImages} images", report.NearEmptyClasses);
        output.WriteLine($"\n{Use(report)}");
        if (report.IsUsable) output.WriteLine("Good to train on.");
    }

    private static void WriteGroups(TextWriter output, string how, IReadOnlyList<PictureGroup> groups)
    {
        Write($"Pictures that are {how} in training and validation, which flatters the accuracy", group => group.CrossesSplits,
            withClasses: false);
        Write($"Pictures that are {how} in several classes", group => group.CrossesClasses, withClasses: true);
        Write($"Pictures that are {how} within a class", group => group is { CrossesSplits: false, CrossesClasses: false },
            withClasses: false);

        void Write(string title, Func<PictureGroup, bool> isMeant, bool withClasses) => WriteList(output, title,
            [.. groups.Where(isMeant).Select(group =>
                string.Join(" = ", Shown(group).Select(picture => withClasses ? $"{picture.File} ({picture.Class})" : picture.File))
                + (group.Pictures.Count > PicturesShown ? $" and {Words.Number(group.Pictures.Count - PicturesShown)} more" : ""))]);

        // Always show a picture that explains why the group is listed.
        static IEnumerable<PictureReference> Shown(PictureGroup group) => group.Pictures.Count <= PicturesShown ? group.Pictures
            : group.Pictures.Take(PicturesShown - 1).Append(group.Pictures.Skip(PicturesShown - 1).FirstOrDefault(
                picture => picture.Part != group.Pictures[0].Part || picture.Class != group.Pictures[0].Class,
                    group.Pictures[PicturesShown - 1]));
    }

    private static void WriteList(TextWriter output, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0) return;
        output.WriteLine($"\n{title}: {Words.Number(lines.Count)}");
        foreach (string line in lines.Take(LinesShown)) output.WriteLine($"  {line}");
        if (lines.Count > LinesShown) output.WriteLine($"  and {Words.Number(lines.Count - LinesShown)} more");
    }

    /// <summary>Describes how a run would use the data set.</summary>
    private static string Use(DatasetReport report)
    {
        (int training, int validation, bool isHeldOut) = Counts(report);
        string what = training == 0 ? "There is nothing to train on; a run can be judged on"
            : $"A run trains on {Words.Count(training, "image", "images")} and validates on";
        string how = validation == 0 ? " none: no class has enough to hold some out"
            : $" {Words.Number(validation)}{(isHeldOut ? $", {ImageData.UsualShare * 100:0} % of each class held out" : "")}";
        string bad = report.Unreadable.Count > 0 ? $", but for {Words.Number(report.Unreadable.Count)} that cannot be read" : "";
        return $"{what}{how}{bad}.";
    }

    private static (int Training, int Validation, bool IsHeldOut) Counts(DatasetReport report)
    {
        int Images(string name) => report.Splits.FirstOrDefault(split => split.Name == name)?.Images ?? 0;
        int training = Images("train"), validation = Images("validation");
        if (validation > 0 || report.Splits[0].ImagesPerClass.Min() < ImageData.FewestToHoldOut) return (training, validation, false);
        int heldOut = report.Splits[0].ImagesPerClass.Sum(count => LocatedDataset.HeldOutOf(count, ImageData.UsualShare));
        return (training - heldOut, heldOut, true);
    }

    private static string Describe(LeftOutFile file) => file.Content is { } format
        ? $"{file.File}: {format} by its content; give it the extension of its format, or put it where the images of its class are"
            : $"{file.File}: no image that is read here; remove it";

    private static string Describe(Extent extent) =>
        extent.Minimum == extent.Maximum ? $"{extent.Minimum}" : $"{extent.Minimum} to {extent.Maximum} (median {extent.Median})";

    private static string Describe(IReadOnlyList<KeyValuePair<string, int>> counts) =>
        counts.Count == 0 ? "none" : string.Join(", ", counts.Select(pair => $"{Words.Number(pair.Value)} {pair.Key}"));

    private static object ToJson(DatasetReport report)
    {
        (int training, int validation, bool isHeldOut) = Counts(report);
        return new
        {
            report.Description,
            Usable = report.IsUsable,
            report.Classes,
            Use = new { Training = training, Validation = validation, HeldOut = isHeldOut },
            Splits = report.Splits.Select(split => new
            {
                split.Name,
                split.Images,
                split.ImagesPerClass,
                split.Width,
                split.Height,
                Formats = split.Formats.ToDictionary(pair => pair.Key, pair => pair.Value),
                Modes = split.Modes.ToDictionary(pair => pair.Key, pair => pair.Value),
                split.Turned,
            }),
            report.Unreadable,
            report.Problems,
            report.LeftOut,
            report.Flaws,
            report.Duplicates,
            report.LookAlikes,
            report.NearNames,
            report.EmptyClasses,
            report.NearEmptyClasses,
        };
    }
}
