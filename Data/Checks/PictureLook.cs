using System.Buffers.Binary;
using System.Security.Cryptography;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>What a check records about an image.</summary>
/// <param name="Header">Its header; empty if it cannot be read.</param>
/// <param name="Content">Half of SHA-256 over the extents and the upright pixels, whatever the file's format.</param>
/// <param name="Hash">See <see cref="PerceptualHash"/>.</param>
/// <param name="Reason">Why it cannot be read; null if it can.</param>
internal readonly record struct PictureLook(ImageHeader Header, UInt128 Content, UInt128 Hash, string? Reason);

/// <summary>Examines images, one after another. Belongs to one thread.</summary>
internal sealed class PictureLooker : IDisposable
{
    private readonly PictureDecoder _decoder = new();
    private readonly Resampler _resampler = new();
    private readonly Picture _small = new();

    /// <summary>Examines an image, and writes its small gray version, [9, 9].</summary>
    public PictureLook At(ImageSplit split, int index, Span<byte> small)
    {
        try
        {
            ImageHeader header = split.Open(index, _decoder);
            Picture picture = _decoder.Decode();
            UInt128 content = ContentOf(picture);
            Window needed = _resampler.Prepare(Scaling.Of(picture.Window, PerceptualHash.Side, PerceptualHash.Side),
                Interpolation.Bilinear);
            if (needed != picture.Window) picture = _decoder.Decode(needed);
            picture.ToGray();
            _resampler.Resize(picture, isMirrored: false, channels: 1, _small);
            for (int y = 0; y < PerceptualHash.Side; y++) _small.Row(y).CopyTo(small[(y * PerceptualHash.Side)..]);
            return new PictureLook(header, content, PerceptualHash.Of(small), null);
        }
        catch (GpuCnnException e)
        {
            return new PictureLook(default, 0, 0, e.Message);
        }
    }

    /// <summary>The hash of an image's pixels; null if it cannot be read.</summary>
    public UInt128? ContentOf(ImageSplit split, int index)
    {
        try
        {
            split.Open(index, _decoder);
            return ContentOf(_decoder.Decode());
        }
        catch (GpuCnnException)
        {
            // Training on the image reports the error.
            return null;
        }
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _resampler.Dispose();
        _small.Dispose();
    }

    private static UInt128 ContentOf(Picture picture)
    {
        Span<byte> extents = stackalloc byte[12], hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32LittleEndian(extents, picture.Width);
        BinaryPrimitives.WriteInt32LittleEndian(extents[4..], picture.Height);
        BinaryPrimitives.WriteInt32LittleEndian(extents[8..], picture.Channels);
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(extents);
        byte[] row = new byte[picture.Width * picture.Channels];
        for (int y = 0; y < picture.Height; y++)
        {
            // The fourth byte of a pixel is arbitrary.
            if (picture.Channels == 1) sha.AppendData(picture.Row(y));
            else
            {
                PixelRows.RgbxToRgb(picture.Row(y), row);
                sha.AppendData(row);
            }
        }
        sha.GetHashAndReset(hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
