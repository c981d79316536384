using System.CommandLine;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn filter</c>: convolves an image with the same layer that networks use.</summary>
internal static class FilterCommand
{
    public static Command Create(CommandHost host)
    {
        var kernel = new Argument<string>("KERNEL") { Description = $"3x3 kernel made by hand: {Names}." };
        var input = new Argument<string>("IN") { Description = $"Image file ({ImageFile.ReadableFormats})." };
        var output = new Argument<string>("OUT") { Description = "Image file whose extension says the format." };
        Option<string?> device = Options.Device;
        var command = new Command("filter", "Convolves each channel of an image with a kernel made by hand.") { kernel, input, output,
            device };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(kernel)!;
            HandMadeKernel chosen = HandMadeKernel.All.FirstOrDefault(known => known.Name == name)
                ?? throw new UsageException($"filter expects one of {Names}, but got '{name}'.");
            PixelImage image = ImageFile.Read(parsed.GetValue(input)!);
            using Device on = DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto);
            string target = parsed.GetValue(output)!;
            PixelImage filtered = Apply(chosen, image, on);
            ImageFile.Write(target, filtered);
            host.Output.WriteLine($"{target}: {filtered}");
            return Program.Done;
        });
        return command;
    }

    private static string Names => string.Join(", ", HandMadeKernel.All.Select(kernel => kernel.Name));

    /// <summary>Filters the image in the same size. Pixels outside it are black, and results are clamped to 0 to 255.</summary>
    private static PixelImage Apply(HandMadeKernel kernel, PixelImage image, Device device)
    {
        int channels = image.Channels;
        Shape shape = Shape.Volume(channels, image.Height, image.Width);
        var network = new Network("filter", new Conv2d(channels, HandMadeKernel.Size, padding: HandMadeKernel.Size / 2, groups: channels,
            bias: false), shape);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        Parameter weight = network.Parameters.Single();
        parameters.SetWeights(weight,
            new([.. weight.Spec.Dimensions], [.. Enumerable.Repeat(kernel.Values, channels).SelectMany(values => values)]));
        using var plan = new Plan(parameters, new() { Images = 1 });
        var batch = new Batch(shape, 1) { Count = 1 };
        for (int i = 0; i < image.Pixels.Length; i++) batch.Images[i] = image.Pixels[i];
        plan.Infer(batch);
        var sums = new float[shape.Count];
        plan.ReadOutput(sums);
        var filtered = new PixelImage(image.Width, image.Height, channels);
        for (int i = 0; i < filtered.Pixels.Length; i++) filtered.Pixels[i] = (byte)Math.Clamp(MathF.Round(sums[i]), 0, 255);
        return filtered;
    }
}
