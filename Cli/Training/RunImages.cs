using GpuCnn.Data;

namespace GpuCnn.Cli.Training;

/// <summary>The images of a run, as the network gets them.</summary>
internal sealed record RunImages(ImageDataset Training, ImageDataset? Validation) : IDisposable
{
    public void Dispose()
    {
        Training.Dispose();
        Validation?.Dispose();
    }
}
