using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn data check|preview|bench|demo|decode</c></summary>
internal static class DataCommand
{
    public static Command Create(CommandHost host) =>
        new("data", "Checks, shows or measures a data set, makes the demo data set, or decodes images.")
    {
        DataCheckCommand.Create(host),
        DataPreviewCommand.Create(host),
        DataBenchCommand.Create(host),
        CreateDemo(host),
        CreateDecode(host),
    };

    private static Command CreateDemo(CommandHost host)
    {
        var directory = new Argument<string>("DIR") { Description = "Folder to make; an earlier demo data set in it is replaced." };
        Option<ulong?> seed = Options.Seed($"Another seed draws other pictures. [default: {ImageData.DemoSeed}]");
        var command = new Command("demo", "Draws a small data set of four classes, as PNG files in class folders.") { directory, seed };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(directory)!;
            DemoDataset.Write(path, parsed.GetValue(seed) ?? ImageData.DemoSeed);
            host.Output.WriteLine($"{path}: {DatasetLocator.Open(path).Description}");
            host.Output.WriteLine($"Try next: gpucnn train --model smallcnn --data {Words.Quote(path)}");
            return Program.Done;
        });
        return command;
    }

    private static Command CreateDecode(CommandHost host)
    {
        var input = new Argument<string>("IN") { Description = $"Image file ({ImageFile.ReadableFormats}), or a folder of them." };
        var output = new Argument<string>("OUT")
        {
            Description = "Image file whose extension says the format; or, for a folder, "
            + "the folder to put PNG files in."
        };
        var command = new Command("decode", "Reads images and writes them in another format: how gpucnn sees them.") { input, output };
        command.SetAction(parsed =>
        {
            string source = parsed.GetValue(input)!, target = parsed.GetValue(output)!;
            if (Directory.Exists(source)) return DecodeFolder(host, source, target);
            PixelImage image = ImageFile.Read(source);
            ImageFile.Write(target, image);
            host.Output.WriteLine($"{target}: {image}");
            return Program.Done;
        });
        return command;
    }

    private static int DecodeFolder(CommandHost host, string source, string target)
    {
        string[] files = [.. Directory.EnumerateFiles(source).Where(ImageFile.HasReadableExtension).Order(StringComparer.Ordinal)];
        if (files.Length == 0) throw new GpuCnnException($"'{source}' holds no images; expected some of {ImageFile.ReadableFormats} "
            + "directly in it.");
        // Two images that differ only in their extension would become one file.
        if (files.GroupBy(Path.GetFileNameWithoutExtension).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new GpuCnnException($"'{twice.First()}' and '{twice.ElementAt(1)}' would both become '{twice.Key}.png'; "
                + "decode one of them by itself.");
        Directory.CreateDirectory(target);
        int failed = 0;
        foreach (string file in files)
        {
            try
            {
                ImageFile.Write(Path.Combine(target, Path.GetFileNameWithoutExtension(file) + ".png"), ImageFile.Read(file));
            }
            catch (GpuCnnException exception)
            {
                host.Error.WriteLine(Advice.Describe(exception));
                failed++;
            }
        }
        host.Output.WriteLine($"{target}: {Words.Count(files.Length - failed, "image", "images")} as PNG");
        return failed == 0 ? Program.Done : Program.Failed;
    }
}
