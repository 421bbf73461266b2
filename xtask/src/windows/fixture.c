/* A program for the tests: a window of a known colour that is renamed when it is told to.

   fixture.exe RRGGBB LEFT TOP WIDTH HEIGHT TITLE

   Each line on its standard input is a new title; one that begins with a tab is a word that is
   written into the window, as into a text that scrolls once it is full. It ends with its standard
   input. It says itself what it did, since Wine 8 does not tell others of it.

   fixture.exe notice CODE

   Tells the recorders of this session what Windows would tell them of it, which Wine never does. */
#include <windows.h>
#include <shellapi.h>
#include <stdio.h>
#include <wchar.h>

static COLORREF colour;

/* Where the next word goes. */
static int pen_x = 8, pen_y = 8;

/* Writes a word at the end of the text, on black and white as an editor does. */
static void write_word(HWND window, const wchar_t *word)
{
    HDC device = GetDC(window);
    RECT whole;
    SIZE size;
    GetClientRect(window, &whole);
    GetTextExtentPoint32W(device, word, lstrlenW(word), &size);
    if (pen_x + size.cx > whole.right - 8) {
        pen_x = 8;
        pen_y += size.cy + 4;
    }
    if (pen_y + size.cy > whole.bottom - 8) {
        int up = whole.bottom / 2;
        ScrollDC(device, 0, -up, &whole, &whole, NULL, NULL);
        whole.top = whole.bottom - up;
        FillRect(device, &whole, GetStockObject(WHITE_BRUSH));
        pen_y -= up;
    }
    TextOutW(device, pen_x, pen_y, word, lstrlenW(word));
    pen_x += size.cx + 8;
    ReleaseDC(window, device);
}

static LRESULT CALLBACK handle(HWND window, UINT message, WPARAM w, LPARAM l)
{
    if (message == WM_PAINT) {
        PAINTSTRUCT paint;
        HDC device = BeginPaint(window, &paint);
        HBRUSH brush = CreateSolidBrush(colour);
        FillRect(device, &paint.rcPaint, brush);
        DeleteObject(brush);
        EndPaint(window, &paint);
        return 0;
    }
    if (message == WM_DESTROY) {
        PostQuitMessage(0);
        return 0;
    }
    if (message == WM_APP && *(const wchar_t *)l == L'\t') {
        write_word(window, (const wchar_t *)l + 1);
        return 0;
    }
    if (message == WM_APP) {
        SetWindowTextW(window, (const wchar_t *)l);
        NotifyWinEvent(EVENT_OBJECT_NAMECHANGE, window, OBJID_WINDOW, CHILDID_SELF);
        return 0;
    }
    return DefWindowProcW(window, message, w, l);
}

static DWORD WINAPI obey(void *window)
{
    char line[512];
    wchar_t title[512];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        MultiByteToWideChar(CP_UTF8, 0, line, -1, title, 512);
        SendMessageW((HWND)window, WM_APP, 0, (LPARAM)title);
    }
    PostMessageW((HWND)window, WM_CLOSE, 0, 0);
    return 0;
}

static int notice(WPARAM code)
{
    HWND window = NULL;
    int told = 0;
    while ((window = FindWindowExW(HWND_MESSAGE, window, L"EideticSession", NULL)) != NULL)
        told += PostMessageW(window, WM_WTSSESSION_CHANGE, code, 0) != 0;
    return told ? 0 : 4;
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, LPWSTR line, int how)
{
    int count;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    WNDCLASSW kind = {0};
    HWND window;
    MSG message;
    unsigned long rgb;
    (void)before, (void)line, (void)how;
    if (count == 3 && lstrcmpW(words[1], L"notice") == 0)
        return notice(_wtoi(words[2]));
    if (count != 7)
        return 2;
    rgb = wcstoul(words[1], NULL, 16);
    colour = RGB(rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255);
    kind.lpfnWndProc = handle;
    kind.hInstance = instance;
    kind.lpszClassName = L"EideticFixture";
    RegisterClassW(&kind);
    window = CreateWindowExW(WS_EX_TOPMOST, kind.lpszClassName, words[6], WS_POPUP,
                             _wtoi(words[2]), _wtoi(words[3]), _wtoi(words[4]), _wtoi(words[5]),
                             NULL, NULL, instance, NULL);
    if (!window)
        return 3;
    ShowWindow(window, SW_SHOW);
    UpdateWindow(window);
    SetForegroundWindow(window);
    NotifyWinEvent(EVENT_SYSTEM_FOREGROUND, window, OBJID_WINDOW, CHILDID_SELF);
    CreateThread(NULL, 0, obey, window, 0, NULL);
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        TranslateMessage(&message);
        DispatchMessageW(&message);
    }
    return 0;
}
