using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn.Cli;

/// <summary>A network with the weights of a file, on a device, ready to be asked.</summary>
internal sealed class TrainedModel : IDisposable
{
    private readonly ParameterStore _parameters;

    private TrainedModel(string path, ModelMetadata metadata, ParameterStore parameters)
    {
        Path = path;
        Metadata = metadata;
        _parameters = parameters;
    }

    public string Path { get; }

    public ModelMetadata Metadata { get; }

    /// <exception cref="GpuCnnException">The file cannot be read, or holds a model that is not known here or does not fit.</exception>
    /// <param name="side">Of the input, in place of the file's; null is that.</param>
    public static TrainedModel Load(string path, Device device, int? side = null)
    {
        ModelFile file = ModelFile.Load(path);
        ModelMetadata metadata = side is { } pixels
            ? file.Metadata with { Input = Shape.Volume(file.Metadata.Input.Channels, pixels, pixels) } : file.Metadata;
        Architecture architecture = Architecture.All.FirstOrDefault(known => known.Name == file.Metadata.Model)
            ?? throw new GpuCnnException($"'{path}' holds weights of '{file.Metadata.Model}', which is none of the models of this gpucnn; gpucnn models lists them.");
        Network network = architecture.Build(metadata.Input, file.Metadata.Classes.Count);
        ParameterStore parameters = device.CreateParameters(network, training: false);
        try
        {
            WeightsFile.LoadInto(parameters, file, path);
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
        return new(path, metadata, parameters);
    }

    /// <summary>A plan for a batch. The caller disposes of it before this.</summary>
    public Plan CreatePlan(int images) => new(_parameters, new() { Images = images });

    public void Dispose() => _parameters.Dispose();
}
