
namespace GpuCnn.Engine.Files;

/// <summary>Where what can be made again is kept between runs.</summary>
public static class CacheFolder
{
    /// <summary>GPUCNN_CACHE, or <c>gpucnn</c> in the system's folder for such files, and a folder below it; null where there is
    /// none.</summary>
    public static string? Find(string kind) => BinaryCache.DefaultFolder(kind);
}
