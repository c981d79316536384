using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>There is no data set at a path, nor one of a similar name beside it.</summary>
public sealed class DatasetNotFoundException(string message, string path) : GpuCnnException(message)
{
    public string Path { get; } = path;
}

/// <summary>A data set has several faults; the message states the first.</summary>
public sealed class FaultyDatasetException(string message, string path) : GpuCnnException(message)
{
    public string Path { get; } = path;
}

/// <summary>More images cannot be read than a run leaves out.</summary>
public sealed class TooManyBadImagesException : GpuCnnException
{
    public TooManyBadImagesException(string message) : base(message) { }

    public TooManyBadImagesException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Decoded pictures cannot be kept on disk.</summary>
public sealed class PictureCacheException : GpuCnnException
{
    public PictureCacheException(string message) : base(message) { }

    public PictureCacheException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Two classes of a network have one name, so that images of it cannot be told apart.</summary>
public sealed class AmbiguousClassException(string message) : GpuCnnException(message);
