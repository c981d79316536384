namespace GpuCnn.Engine.Training;

/// <summary>A batch has more images than the data set.</summary>
/// <param name="images">Images of the data set.</param>
public sealed class BatchTooLargeException(string message, int images) : GpuCnnException(message)
{
    public int Images { get; } = images;
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
