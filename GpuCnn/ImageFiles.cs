using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn;

/// <summary>Lists the image files of a folder.</summary>
internal static class ImageFiles
{
    /// <summary>
    /// Returns the images of a folder and of the folders in it, in ordinal order of their paths. Hidden files are left out, and links to
    /// what is listed already.
    /// </summary>
    /// <exception cref="GpuCnnException">There is no such folder, it cannot be listed, or it has no images.</exception>
    public static IReadOnlyList<string> Of(string folder)
    {
        if (!Directory.Exists(folder)) throw new GpuCnnException($"{DataFile.Quote(folder)} is no folder of images; check the path.");
        string[] files = [.. DataFolder.FilesBelow(folder, new FollowedLinks(folder)).Where(ImageFile.HasReadableExtension)];
        return files.Length > 0 ? files
            : throw new GpuCnnException($"{DataFile.Quote(folder)} holds no images; expected some of {ImageFile.ReadableFormats}.");
    }
}
