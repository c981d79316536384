namespace GpuCnn.Engine.Files;

/// <summary>Finds the folder for files that can be regenerated.</summary>
public static class CacheFolder
{
    /// <summary>
    /// Returns a subfolder of GPUCNN_CACHE, or of <c>gpucnn</c> in the system's cache folder; null if the system has none.
    /// </summary>
    public static string? Find(string kind) => BinaryCache.DefaultFolder(kind);
}
