# Completes the command lines of gtx in fish. See gtx completion --help.
function __gtx_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l before ''
    if string match -qr -- '^--[^=]*=' $word
        set before (string replace -r -- '^(--[^=]*=).*' '$1' $word)
    end
    set -l begun (string sub -s (math 1 + (string length -- $before)) -- $word)
    for line in ($words[1] __complete $words[2..] $word 2>/dev/null)
        switch $line
            case :files
                for file in (__fish_complete_path $begun)
                    printf '%s%s\n' $before $file
                end
            case :folders
                for file in (__fish_complete_directories $begun)
                    printf '%s%s\n' $before $file
                end
            case ':*'
            case '*'
                printf '%s%s\n' $before $line
        end
    end
end
complete -c gtx -f -a '(__gtx_complete)'
