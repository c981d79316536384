namespace GpuCnn.Engine.Training;

/// <summary>A batch has more images than the data set.</summary>
/// <param name="images">Images of the data set.</param>
public sealed class BatchTooLargeException(string message, int images) : GpuCnnException(message)
{
    public int Images { get; } = images;
}

/// <summary>A batch has fewer images than the run has ranks.</summary>
/// <param name="least">Smallest batch that gives each rank an image.</param>
public sealed class BatchTooSmallException(string message, int least) : GpuCnnException(message)
{
    public int Least { get; } = least;
}

/// <summary>A folder already holds a run.</summary>
public sealed class RunExistsException(string message, string path) : GpuCnnException(message)
{
    public string Path { get; } = path;
}

/// <summary>A folder holds no run to continue.</summary>
public sealed class NoRunException(string message, string path) : GpuCnnException(message)
{
    public string Path { get; } = path;
}

/// <summary>A folder for a new run holds files of another kind.</summary>
public sealed class FolderNotEmptyException(string message, string path) : GpuCnnException(message)
{
    public string Path { get; } = path;
}
